//! What the answers of a rate limit prove. Pure.

use std::time::Duration;

use crate::report::Answered;
use crate::validation::Outcome;
use crate::validation::front::is_limited;

/// A budget as the config states it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub per_minute: u32,
    pub burst: u32,
}

impl Budget {
    /// How many requests may pass in a burst that takes this long.
    pub(super) fn within(self, elapsed: Duration) -> f64 {
        f64::from(self.burst) + 1.0 + f64::from(self.per_minute) * elapsed.as_secs_f64() / 60.0
    }
}

/// Requests one after the other, until the first was refused or the bound was met.
#[derive(Debug, Clone)]
pub(super) struct Burst {
    pub accepted: u32,
    pub refused: Option<u16>,
    pub elapsed: Duration,
    pub answers: Vec<Answered>,
}

pub(super) fn burst(seen: &Burst, budget: Budget) -> Outcome {
    let found = format!("{} accepted within {} ms", seen.accepted, seen.elapsed.as_millis());
    let allowed = budget.within(seen.elapsed);
    match seen.refused {
        None => Outcome::fail(format!("{found}, and no 429: the budget is {allowed:.0}")),
        Some(429) if f64::from(seen.accepted) > allowed * 1.2 + 1.0 => {
            Outcome::fail(format!("{found} before the first 429: the budget is {allowed:.0}"))
        }
        Some(429) if seen.accepted == 0 => {
            Outcome::error(format!("{found}: no request passes, so that the limit cannot be tried"))
        }
        Some(429) => Outcome::pass(format!("{found}, then 429")),
        Some(other) => Outcome::fail(format!("{found}, then {other} instead of 429")),
    }
}

/// `times` of the accepted requests while a client asked without pause.
pub(super) fn refill(times: &[Duration], wanted_per_minute: u32) -> Outcome {
    let (Some(first), Some(last), true) = (times.first(), times.last(), times.len() >= 3) else {
        return Outcome::fail(format!(
            "the limit let {} requests through again: it does not recover at {wanted_per_minute} a minute",
            times.len()
        ));
    };
    let measured = 60.0 * (times.len() - 1) as f64 / last.saturating_sub(*first).as_secs_f64().max(0.001);
    let found = format!("{measured:.0} a minute (budget {wanted_per_minute}), {} measured", times.len());
    let ratio = measured / f64::from(wanted_per_minute.max(1));
    if (0.8..=1.2).contains(&ratio) { Outcome::pass(found) } else { Outcome::fail(found) }
}

/// Of requests that each claimed another client address, when the real one was spent.
pub(super) fn spoofed(accepted: u32, sent: u32, elapsed: Duration, budget: Budget) -> Outcome {
    let refilled = f64::from(budget.per_minute) * elapsed.as_secs_f64() / 60.0;
    let found = format!("{accepted} of {sent} requests with an invented X-Forwarded-For passed");
    if f64::from(accepted) > refilled.ceil() + 1.0 { Outcome::fail(found) } else { Outcome::pass(found) }
}

/// Statuses of a second client's requests while the first had spent its budget.
pub(super) fn isolated(other: &[u16]) -> Outcome {
    let limited = other.iter().filter(|status| is_limited(**status)).count();
    let found = format!("{limited} of {} requests of a second client were limited by the first", other.len());
    match other.len() {
        0 => Outcome::error("the second client got no answer"),
        sent if limited * 2 >= sent => Outcome::fail(found),
        _ => Outcome::pass(found),
    }
}

/// The stricter limit: its burst, and whether the general limit still let requests through then.
pub(super) fn stricter(seen: &Burst, budget: Budget, general_open: bool) -> Outcome {
    let found = format!("{} accepted within {} ms", seen.accepted, seen.elapsed.as_millis());
    let allowed = budget.within(seen.elapsed);
    if seen.refused.is_none() || f64::from(seen.accepted) > allowed * 1.2 + 1.0 {
        Outcome::fail(format!("{found}: the budget is {allowed:.0}"))
    } else if general_open {
        Outcome::pass(format!("{found}, then refused while other routes were open"))
    } else {
        Outcome::error(format!("{found}, but the general limit refused too: run this check again alone"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    const BUDGET: Budget = Budget { per_minute: 100, burst: 20 };

    fn seen(accepted: u32, refused: Option<u16>) -> Burst {
        Burst { accepted, refused, elapsed: Duration::from_millis(50), answers: Vec::new() }
    }

    #[test]
    fn a_burst_ends_with_429_within_its_budget() {
        assert_eq!(burst(&seen(21, Some(429)), BUDGET).status, Status::Pass);
        assert_eq!(burst(&seen(3, Some(429)), BUDGET).status, Status::Pass, "it may have been used before");
        assert_eq!(burst(&seen(21, Some(503)), BUDGET).status, Status::Fail);
        assert_eq!(burst(&seen(0, Some(429)), BUDGET).status, Status::Error, "a wall is no limit");
        assert_eq!(burst(&seen(62, None), BUDGET).status, Status::Fail);
        assert_eq!(burst(&seen(40, Some(429)), BUDGET).status, Status::Fail);
    }

    #[test]
    fn the_refill_is_measured_within_a_fifth() {
        let every = |ms: u64| -> Vec<Duration> { (0..8).map(|n| Duration::from_millis(n * ms)).collect() };
        assert_eq!(refill(&every(600), 100).status, Status::Pass);
        assert_eq!(refill(&every(60), 100).status, Status::Fail);
        assert_eq!(refill(&every(1200), 100).status, Status::Fail);
        assert_eq!(refill(&[], 100).status, Status::Fail);
    }

    #[test]
    fn an_invented_address_must_not_buy_a_new_budget() {
        let elapsed = Duration::from_millis(20);
        assert_eq!(spoofed(1, 10, elapsed, BUDGET).status, Status::Pass);
        assert_eq!(spoofed(10, 10, elapsed, BUDGET).status, Status::Fail);
    }

    #[test]
    fn a_second_client_is_not_limited_by_the_first() {
        assert_eq!(isolated(&[404, 404, 429]).status, Status::Pass);
        assert_eq!(isolated(&[429, 429, 404]).status, Status::Fail);
        assert_eq!(isolated(&[]).status, Status::Error);
    }

    #[test]
    fn the_stricter_limit_refuses_while_the_general_one_is_open() {
        let budget = Budget { per_minute: 10, burst: 5 };
        assert_eq!(stricter(&seen(6, Some(429)), budget, true).status, Status::Pass);
        assert_eq!(stricter(&seen(6, Some(429)), budget, false).status, Status::Error);
        assert_eq!(stricter(&seen(16, None), budget, true).status, Status::Fail);
        assert_eq!(stricter(&seen(15, Some(429)), budget, false).status, Status::Fail);
    }
}
