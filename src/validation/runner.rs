//! Runs the chosen checks: reads in parallel, then bursts, then load, each within its own time and
//! all within the run's. A panic or a late answer is an error of that check alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;

use super::facts::{Facts, Missing};
use super::redact::Redactor;
use super::select::{Instead, Planned};
use super::verdict;
use super::{Check, Outcome, Stage};
use crate::report::{CheckResult, Severity};

/// How many reading checks run at a time.
const PARALLEL: usize = 16;

/// What holds for the whole run.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// A check that has not begun when this has passed is an error.
    pub deadline: Duration,
    /// Failures of less weight only warn.
    pub fail_on: Severity,
}

/// Runs what is planned and hands every result out as it comes. Returns them in the plan's order.
pub async fn run(
    planned: &[Planned<'_>],
    facts: &Arc<Facts>,
    redactor: &Redactor,
    rules: Rules,
    mut on_result: impl FnMut(usize, &CheckResult),
) -> Vec<CheckResult> {
    let end = Instant::now() + rules.deadline;
    let mut results: Vec<Option<CheckResult>> = planned.iter().map(|_| None).collect();
    for stage in [Stage::Read, Stage::Burst, Stage::Load] {
        let parallel = if stage == Stage::Read { PARALLEL } else { 1 };
        let mut running = stream::iter(planned.iter().enumerate().filter(|(_, p)| p.check.stage == stage))
            .map(|(index, plan)| async move { (index, one(plan, facts, redactor, end, rules.fail_on).await) })
            .buffer_unordered(parallel);
        while let Some((index, result)) = running.next().await {
            on_result(index, &result);
            results[index] = Some(result);
        }
    }
    results.into_iter().flatten().collect()
}

async fn one(
    plan: &Planned<'_>,
    facts: &Arc<Facts>,
    redactor: &Redactor,
    end: Instant,
    fail_on: Severity,
) -> CheckResult {
    let started = Instant::now();
    let outcome = match plan.instead {
        Some(instead @ Instead::Expired(_)) => Outcome::fail(instead.words()),
        Some(instead) => Outcome::skip(instead.words()),
        None => match unmet(plan.check, facts) {
            Some(outcome) => outcome,
            None => bounded(plan.check, facts, end).await,
        },
    };
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    // An expired waiver is a broken promise, not a finding to be weighed.
    let expired = matches!(plan.instead, Some(Instead::Expired(_)));
    let fail_on = if expired { Severity::Info } else { fail_on };
    verdict::result(plan.check, redactor.outcome(outcome), ms, fail_on)
}

/// The outcome of a check that cannot run.
fn unmet(check: &Check, facts: &Facts) -> Option<Outcome> {
    let missing = check.needs.iter().find_map(|need| facts.need(*need).err())?;
    Some(match missing {
        Missing::NotConfigured(reason) => Outcome::skip(reason),
        Missing::Unreachable(cause) => Outcome::error(format!("could not check: {cause}")),
    })
}

async fn bounded(check: &'static Check, facts: &Arc<Facts>, end: Instant) -> Outcome {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Outcome::error("not run: the time of the whole run was over");
    }
    let facts = Arc::clone(facts);
    // A task of its own, so that a panic ends it and nothing else.
    let task = tokio::spawn(async move { (check.run)(&facts).await });
    let abort = task.abort_handle();
    match tokio::time::timeout(check.timeout.min(left), task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Outcome::error(format!("the check broke off ({error}): a bug in stagectl")),
        Err(_) => {
            abort.abort();
            let limit = check.timeout.min(left);
            Outcome::error(format!("no answer within {:.1} s", limit.as_secs_f64()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::super::select::{Selection, select};
    use super::super::{Category, Need};
    use super::*;
    use crate::config::validation::Waiver;
    use crate::config::{Settings, load};
    use crate::report::{Status, Verdict};

    fn facts() -> Arc<Facts> {
        let text = "version: 1\nproject: x\nservices: {a: {image: 'a:1'}}\n";
        let config = load::parse(text, None).unwrap();
        let settings =
            Settings::resolve("/nowhere".into(), config, &BTreeMap::new(), BTreeMap::new()).unwrap();
        Arc::new(Facts::unasked(settings, jiff::Timestamp::UNIX_EPOCH))
    }

    const fn within(deadline: Duration) -> Rules {
        Rules { deadline, fail_on: Severity::Major }
    }

    async fn run_with(
        check: &'static Check,
        instead: Option<Instead<'_>>,
        deadline: Duration,
    ) -> CheckResult {
        let planned = [Planned { check, instead }];
        run(&planned, &facts(), &Redactor::default(), within(deadline), |_, _| ()).await.remove(0)
    }

    fn waiver(expires: jiff::civil::Date) -> Waiver {
        Waiver { reason: "the next release".to_owned(), owner: "platform".to_owned(), expires }
    }

    const MINUTE: Duration = Duration::from_secs(60);
    const BASE: Check = Check { id: "INF-999", ..Check::base(Category::Infrastructure) };

    static RAN: AtomicBool = AtomicBool::new(false);
    static SKIPPED: Check = Check {
        severity: Severity::Minor,
        run: |_| {
            Box::pin(async {
                RAN.store(true, Ordering::SeqCst);
                Outcome::pass("ran")
            })
        },
        ..BASE
    };

    #[tokio::test]
    async fn a_skipped_check_is_listed_with_its_reason_and_never_run() {
        let waiver = waiver(jiff::civil::date(2026, 12, 31));
        let waived = run_with(&SKIPPED, Some(Instead::Waived(&waiver)), MINUTE).await;
        assert_eq!(waived.status, Status::Skip);
        assert_eq!(waived.found, "waived by platform until 2026-12-31: the next release");
        let expired = run_with(&SKIPPED, Some(Instead::Expired(&waiver)), MINUTE).await;
        assert_eq!(expired.status, Status::Fail, "though the check is minor");
        assert!(!RAN.load(Ordering::SeqCst));
    }

    static SLOW: Check =
        Check { timeout: Duration::from_millis(20), run: |_| Box::pin(std::future::pending()), ..BASE };
    static BROKEN: Check = Check { run: |_| Box::pin(async { panic!("boom") }), ..BASE };
    static NEEDY: Check =
        Check { needs: &[Need::Engine], run: |_| Box::pin(async { Outcome::pass("?") }), ..BASE };

    #[tokio::test]
    async fn a_late_check_a_panic_and_an_unmet_need_are_errors() {
        let late = run_with(&SLOW, None, MINUTE).await;
        assert_eq!(late.status, Status::Error, "{}", late.found);
        let broken = run_with(&BROKEN, None, MINUTE).await;
        assert_eq!(broken.status, Status::Error, "{}", broken.found);
        let needy = run_with(&NEEDY, None, MINUTE).await;
        assert_eq!(needy.status, Status::Error);
        assert!(needy.found.starts_with("could not check: "), "{}", needy.found);
        assert_eq!(run_with(&BASE_STATIC, None, MINUTE).await.status, Status::Error);
        assert_eq!(run_with(&NEEDY_OK, None, Duration::ZERO).await.status, Status::Error);
    }

    static BASE_STATIC: Check = BASE;
    static NEEDY_OK: Check = Check { run: |_| Box::pin(async { Outcome::pass("?") }), ..BASE };

    #[tokio::test]
    async fn results_stand_in_the_order_of_the_plan_whatever_finishes_first() {
        static LOAD: Check = Check { id: "PRF-999", stage: Stage::Load, ..BASE };
        let planned = [Planned { check: &LOAD, instead: None }, Planned { check: &NEEDY_OK, instead: None }];
        let mut seen = Vec::new();
        let results =
            run(&planned, &facts(), &Redactor::default(), within(MINUTE), |_, r| seen.push(r.id.clone()))
                .await;
        assert_eq!(seen, ["INF-999", "PRF-999"]);
        assert_eq!(results[0].id, "PRF-999");
    }

    #[test]
    fn selecting_leaves_out_what_was_not_asked_for_and_refuses_unknown_names() {
        static QUICK: Check = Check { id: "DB-0001", quick: true, ..BASE };
        static FULL: Check = Check { id: "SEC-002", category: Category::Security, ..BASE };
        let waivers = BTreeMap::from([("SEC-002".to_owned(), waiver(jiff::civil::date(2026, 12, 31)))]);
        let today = jiff::civil::date(2026, 12, 31);
        let ids = |selection: &Selection| -> Vec<(&str, bool)> {
            select(&[&QUICK, &FULL], selection, &waivers, today)
                .unwrap()
                .iter()
                .map(|plan| (plan.check.id, plan.instead.is_some()))
                .collect()
        };
        assert_eq!(ids(&Selection::default()), [("DB-0001", false), ("SEC-002", true)]);
        assert_eq!(ids(&Selection { quick: true, ..Selection::default() }), [("DB-0001", false)]);
        let only = Selection { only: vec!["security".into()], ..Selection::default() };
        assert_eq!(ids(&only), [("SEC-002", true)]);
        let skip = Selection { skip: vec!["db".into()], ..Selection::default() };
        assert_eq!(ids(&skip)[0], ("DB-0001", true));
        let unknown = Selection { only: vec!["SEC-999".into()], ..Selection::default() };
        assert!(select(&[&QUICK, &FULL], &unknown, &waivers, today).is_err());
        let later = select(&[&FULL], &Selection::default(), &waivers, jiff::civil::date(2027, 1, 1)).unwrap();
        assert!(matches!(later[0].instead, Some(Instead::Expired(_))), "its last day was yesterday");
    }

    #[tokio::test]
    async fn a_run_without_results_is_incomplete() {
        let results = run(&[], &facts(), &Redactor::default(), within(MINUTE), |_, _| ()).await;
        assert_eq!(Verdict::over(&results), Verdict::Incomplete);
    }
}
