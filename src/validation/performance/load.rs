//! PRF-002, PRF-003: latencies, errors and the containers' usage under load.

use std::time::Duration;

use crate::config::validation::Validation;
use crate::http::{Bucket, LoadResult};
use crate::report::{LatencyBar, Measure, Plot, Unit};
use crate::validation::facts::Facts;
use crate::validation::front::ContainerUsage;
use crate::validation::{Category, Check, Need, Outcome, Stage};

const BASE: Check = Check {
    stage: Stage::Load,
    needs: &[Need::Http],
    timeout: Duration::from_secs(60),
    ..Check::base(Category::Performance)
};

pub const CHECKS: &[Check] = &[
    Check {
        id: "PRF-002",
        title: "answers come in time under load",
        expected: "p95 within validation.p95_ms and errors within validation.error_percent, with \
                   validation.load_connections for validation.load_seconds",
        remedy: "raise the limits.cpus of the application in stagectl.yml or its number of workers; a slow \
                 query shows in `stagectl validate --only DB`",
        run: |facts| Box::pin(async move { latencies(facts).await.unwrap_or_else(Outcome::error) }),
        ..BASE
    },
    Check {
        id: "PRF-003",
        title: "no container runs out of memory under load",
        expected: "each container below 80 % of its memory limit; the cores it used are reported",
        remedy: "in stagectl.yml, the service's `limits: {memory: …}`: raise it, or find what grows",
        needs: &[Need::Http, Need::Engine],
        run: |facts| Box::pin(async move { usage(facts).await.unwrap_or_else(Outcome::error) }),
        ..BASE
    },
];

async fn latencies(facts: &Facts) -> Result<Outcome, String> {
    let run = facts.front.edge()?.load(facts).await?;
    Ok(judge_load(&run.result, &facts.settings.config.validation, &run.what))
}

fn judge_load(result: &LoadResult, wanted: &Validation, what: &str) -> Outcome {
    let of = |percent| result.latencies.percentile_ms(percent);
    let (Some(p50), Some(p95), Some(p99)) = (of(50.0), of(95.0), of(99.0)) else {
        let errors: Vec<String> = result.errors.iter().map(|(w, count)| format!("{count} × {w}")).collect();
        return Outcome::fail(format!("{what}: nothing was answered")).evidence(errors);
    };
    let errors = result.error_percent();
    let found = format!(
        "{what}: p50 {p50:.1} p95 {p95:.1} p99 {p99:.1} ms, {:.0} requests/s, {errors:.2} % errors",
        result.per_second()
    );
    let mut lines = vec![format!("latencies: {}", result.latencies.line())];
    lines.extend(result.errors.iter().map(|(what, count)| format!("{count} × {what}")));
    let budget_ms = wanted.p95_ms as f64;
    let histogram = result.latencies.histogram().into_iter();
    let bars = histogram.map(|Bucket { up_to_ms, count }| LatencyBar { up_to_ms, count }).collect();
    let outcome = if p95 > wanted.p95_ms as f64 {
        Outcome::fail(format!("{found}: p95 over {} ms", wanted.p95_ms))
    } else if errors > wanted.error_percent {
        Outcome::fail(format!("{found}: errors over {} %", wanted.error_percent))
    } else {
        Outcome::pass(found)
    };
    let limits = [("p50", p50, None), ("p95", p95, Some(budget_ms)), ("p99", p99, None)];
    outcome
        .evidence(lines)
        .measures(limits.map(|(name, ms, limit)| Measure::new(name, ms, Unit::Ms, limit)))
        .plot(Plot::Latencies { bars, budget_ms })
}

async fn usage(facts: &Facts) -> Result<Outcome, String> {
    let run = facts.front.edge()?.load(facts).await?;
    Ok(judge_usage(run.usage.as_ref()?))
}

fn judge_usage(containers: &[ContainerUsage]) -> Outcome {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    let mut measures = Vec::new();
    for container in containers {
        let ContainerUsage { name, memory_bytes, cores, memory_limit, cores_limit } = container;
        let limit = if *cores_limit > 0.0 { format!("{cores_limit:.2}") } else { "unlimited".to_owned() };
        let own = |what: &str| format!("{name} {what}");
        let some = |limit: f64| (limit > 0.0).then_some(limit);
        measures.push(Measure::new(own("memory"), mib(*memory_bytes), Unit::Mib, some(mib(*memory_limit))));
        measures.push(Measure::new(own("cpu"), *cores, Unit::Cores, some(*cores_limit)));
        if *memory_limit == 0 {
            // That a limit is missing is a security check's matter.
            lines.push(format!("{name}: {:.0} MiB, {cores:.2} of {limit} cores", mib(*memory_bytes)));
            continue;
        }
        let percent = 100.0 * *memory_bytes as f64 / *memory_limit as f64;
        let line = format!(
            "{name}: {:.0} of {:.0} MiB ({percent:.0} %), {cores:.2} of {limit} cores",
            mib(*memory_bytes),
            mib(*memory_limit)
        );
        if percent >= 80.0 {
            problems.push(line.clone());
        }
        lines.push(line);
    }
    Outcome::none(problems, containers.len(), "containers below 80 % of their memory")
        .evidence(lines)
        .measures(measures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Latencies;
    use crate::report::Status;

    fn result(ms: u64, answered: usize, failed: u64) -> LoadResult {
        let mut result = LoadResult {
            latencies: Latencies::new(vec![Duration::from_millis(ms); answered]),
            elapsed: Duration::from_secs(1),
            ..LoadResult::default()
        };
        if failed > 0 {
            result.errors.insert("status 500".to_owned(), failed);
        }
        result
    }

    #[test]
    fn slow_answers_errors_and_silence_fail() {
        let judge = |result: LoadResult| judge_load(&result, &Validation::default(), "/").status;
        assert_eq!(judge(result(20, 1000, 0)), Status::Pass);
        assert_eq!(judge(result(20, 1000, 10)), Status::Pass, "1 % is allowed");
        assert_eq!(judge(result(20, 1000, 20)), Status::Fail);
        assert_eq!(judge(result(501, 1000, 0)), Status::Fail);
        assert_eq!(judge(result(0, 0, 0)), Status::Fail);
    }

    #[test]
    fn a_container_near_its_memory_limit_fails() {
        let container = |used| ContainerUsage {
            name: "app".into(),
            memory_bytes: used,
            cores: 0.5,
            memory_limit: 100,
            cores_limit: 1.0,
        };
        assert_eq!(judge_usage(&[container(79)]).status, Status::Pass);
        assert_eq!(judge_usage(&[container(79), container(80)]).status, Status::Fail);
        assert_eq!(judge_usage(&[]).status, Status::Error);
    }
}
