//! Counts what the traffic saw. Pure.

use std::time::Duration;

use super::blocked::Waiting;
use crate::config::migration::WorkloadQuery;
use crate::migration::statements::short;
use crate::report::migration::{QueryTraffic, TrafficSummary};

/// A query is delayed when it took this many times its usual p95 …
const TIMES: f64 = 5.0;
/// … and this many milliseconds more.
const MORE_MS: f64 = 20.0;

/// One query that was sent. Times since the traffic began.
#[derive(Debug, Clone)]
pub struct Sample {
    pub pid: i32,
    /// Its place in the workload.
    pub query: usize,
    pub begin: Duration,
    pub end: Duration,
    pub error: Option<String>,
}

impl Sample {
    fn ms(&self) -> f64 {
        (self.end.saturating_sub(self.begin)).as_secs_f64() * 1000.0
    }
}

/// The longest wait.
#[derive(Debug, Clone, PartialEq)]
pub struct Stall {
    pub query: String,
    pub ms: f64,
    /// What it waited for, where that was seen.
    pub cause: Option<String>,
    /// The relation whose lock that was, quoted and qualified.
    pub on: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Replay {
    pub queries: Vec<QueryTraffic>,
    pub stall: Option<Stall>,
    /// Messages of queries that failed, each once.
    pub errors: Vec<String>,
    pub up_ms: f64,
}

impl Replay {
    pub fn summary(&self) -> TrafficSummary {
        TrafficSummary {
            queries: self.queries.clone(),
            longest_stall_ms: self.stall.as_ref().map_or(0.0, |stall| stall.ms),
            stalled_query: self.stall.as_ref().map(|stall| stall.query.clone()),
            cause: self.stall.as_ref().and_then(|stall| stall.cause.clone()),
            up_ms: self.up_ms,
        }
    }
}

/// Counts per query what was usual before `began` and what happened until `ended`.
pub fn tally(
    queries: &[WorkloadQuery],
    samples: &[Sample],
    waiting: &[Waiting],
    began: Duration,
    ended: Duration,
) -> Replay {
    let mut replay =
        Replay { up_ms: ended.saturating_sub(began).as_secs_f64() * 1000.0, ..Replay::default() };
    for (index, query) in queries.iter().enumerate() {
        let own = || samples.iter().filter(move |sample| sample.query == index);
        let usual = p95(own().filter(|sample| sample.end <= began && sample.error.is_none()));
        let during: Vec<&Sample> = own().filter(|sample| sample.end > began).collect();
        let delayed =
            during.iter().filter(|sample| sample.ms() > usual * TIMES && sample.ms() > usual + MORE_MS);
        let failed: Vec<&&Sample> = during.iter().filter(|sample| sample.error.is_some()).collect();
        for error in failed.iter().filter_map(|sample| sample.error.as_ref()) {
            let line = format!("{}: {error}", query.name);
            if !replay.errors.contains(&line) {
                replay.errors.push(line);
            }
        }
        let longest = during.iter().max_by(|a, b| a.ms().total_cmp(&b.ms()));
        replay.queries.push(QueryTraffic {
            name: query.name.clone(),
            sent: during.len() as u64,
            delayed: delayed.count() as u64,
            failed: failed.len() as u64,
            longest_ms: longest.map_or(0.0, |sample| sample.ms()),
            p95_before_ms: usual,
            p95_during_ms: p95(during.iter().copied()),
        });
        let Some(longest) = longest else { continue };
        if replay.stall.as_ref().is_none_or(|stall| stall.ms < longest.ms()) {
            let seen = cause(longest, waiting);
            let words = |w: &Waiting| {
                format!("it wanted {} on {} while `{}` ran", w.wants, w.on, short(&w.statement))
            };
            replay.stall = Some(Stall {
                query: query.name.clone(),
                ms: longest.ms(),
                cause: seen.map(words),
                on: seen.map(|waiting| waiting.on.clone()),
            });
        }
    }
    replay
}

/// The first look that saw the query waiting.
fn cause<'a>(sample: &Sample, waiting: &'a [Waiting]) -> Option<&'a Waiting> {
    waiting.iter().find(|w| w.pid == sample.pid && (sample.begin..=sample.end).contains(&w.at))
}

fn p95<'a>(samples: impl Iterator<Item = &'a Sample>) -> f64 {
    let mut times: Vec<f64> = samples.map(Sample::ms).collect();
    times.sort_by(f64::total_cmp);
    let at = (times.len() as f64 * 0.95).ceil() as usize;
    times.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_counted_with_its_cause_and_a_quiet_query_is_not() {
        let ms = Duration::from_millis;
        let queries = ["a", "b"].map(|name| WorkloadQuery { name: name.into(), sql: name.into(), weight: 1 });
        let sample = |query, begin, end| Sample {
            pid: query as i32,
            query,
            begin: ms(begin),
            end: ms(end),
            error: None,
        };
        let samples =
            [sample(0, 0, 1), sample(0, 10, 11), sample(0, 100, 900), sample(1, 0, 1), sample(1, 150, 152)];
        let waiting = [Waiting {
            pid: 0,
            at: ms(200),
            wants: "AccessShareLock".into(),
            on: "public.t".into(),
            statement: "ALTER  TABLE t".into(),
        }];
        let replay = tally(&queries, &samples, &waiting, ms(50), ms(1000));
        let counts: Vec<(u64, u64)> =
            replay.queries.iter().map(|query| (query.sent, query.delayed)).collect();
        assert_eq!(counts, [(1, 1), (1, 0)]);
        let stall = replay.stall.unwrap();
        assert_eq!((stall.query.as_str(), stall.ms as u32), ("a", 800));
        assert_eq!(stall.cause.unwrap(), "it wanted AccessShareLock on public.t while `ALTER TABLE t` ran");
    }
}
