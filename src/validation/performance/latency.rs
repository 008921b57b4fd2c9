//! PRF-001, PRF-006: how long a page and the API routes take.

use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use crate::http::{Client, Latencies, Request, Response};
use crate::report::{Measure, Unit};
use crate::validation::facts::Facts;
use crate::validation::front::{self, Edge};
use crate::validation::{Category, Check, Need, Outcome, Stage};

const BASE: Check = Check {
    stage: Stage::Load,
    needs: &[Need::Http],
    timeout: Duration::from_secs(60),
    ..Check::base(Category::Performance)
};

pub const CHECKS: &[Check] = &[
    Check {
        id: "PRF-001",
        title: "the page with its files is there in time",
        quick: true,
        expected: "the page and every file it names within validation.page_ms, on a new TLS connection, 3 of 3 times",
        remedy: "look at the slowest part named here; validation.page_ms in stagectl.yml sets the bound",
        run: |facts| Box::pin(async move { report(page(facts).await) }),
        ..BASE
    },
    Check {
        id: "PRF-006",
        title: "requests at the same time are all answered, and in time",
        expected: "20 requests to each GET route of validation.api, 8 at a time on the application's own \
                   port: none fails, p95 within validation.p95_ms",
        remedy: "run `stagectl logs` with the application's service; more workers or an index on the slow \
                 route's query are the usual cure",
        run: |facts| Box::pin(async move { report(together(facts).await) }),
        ..BASE
    },
];

fn report(outcome: Result<Outcome, String>) -> Outcome {
    outcome.unwrap_or_else(Outcome::error)
}

const VISITS: usize = 3;
const EACH: usize = 20;
const AT_A_TIME: usize = 8;

async fn page(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    let mut visits = Vec::new();
    for _ in 0..VISITS {
        visits.push(visit(edge).await?);
    }
    Ok(judge_page(&visits, Duration::from_millis(facts.settings.config.validation.page_ms)))
}

/// A visit: the whole time, and the slowest request in it.
struct Visit {
    took: Duration,
    files: usize,
    slowest: (String, Duration),
    failed: Vec<String>,
}

async fn visit(edge: &Edge) -> Result<Visit, String> {
    let error = |error: anyhow::Error| format!("{error:#}");
    // A visitor who meets the rate limit is another check's matter: such a visit waits and begins anew.
    let give_up = Instant::now() + Duration::from_secs(10);
    loop {
        let started = Instant::now();
        let mut connection = edge.secure.open().await.map_err(error)?;
        let page = connection.send(&Request::get(&edge.paths.page)).await.map_err(error)?;
        if page.status == 429 && started < give_up {
            tokio::time::sleep(edge.refill(&edge.paths.page)).await;
            continue;
        }
        let mut slowest = (edge.paths.page.clone(), page.timings.total);
        let mut failed = Vec::new();
        note(&edge.paths.page, &page, &mut slowest, &mut failed);
        let files = front::assets(&page.text());
        for path in &files {
            if connection.is_closed() {
                connection = edge.secure.open().await.map_err(error)?;
            }
            let file = connection.send(&Request::get(path)).await.map_err(error)?;
            note(path, &file, &mut slowest, &mut failed);
        }
        return Ok(Visit { took: started.elapsed(), files: files.len(), slowest, failed });
    }
}

fn note(path: &str, answer: &Response, slowest: &mut (String, Duration), failed: &mut Vec<String>) {
    if answer.timings.total > slowest.1 {
        *slowest = (path.to_owned(), answer.timings.total);
    }
    if answer.status >= 400 {
        failed.push(format!("{path}: {}", answer.status));
    }
}

fn judge_page(visits: &[Visit], limit: Duration) -> Outcome {
    let Some(worst) = visits.iter().max_by_key(|visit| visit.took) else {
        return Outcome::error("the page was not visited");
    };
    let found = format!(
        "{} ms with {} files ({} visits, slowest request {} in {} ms)",
        worst.took.as_millis(),
        worst.files,
        visits.len(),
        worst.slowest.0,
        worst.slowest.1.as_millis()
    );
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let measure = Measure::new("slowest visit", ms(worst.took), Unit::Ms, Some(ms(limit)));
    let outcome = match visits.iter().flat_map(|visit| &visit.failed).next() {
        // A page that fails fast is not a fast page. That a file is missing is APP-004's.
        Some(failed) => return Outcome::error(format!("could not be timed: {failed}")),
        None if worst.took > limit => Outcome::fail(format!("{found}, over {} ms", limit.as_millis())),
        None => Outcome::pass(found),
    };
    outcome.measures([measure])
}

async fn together(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    let validation = &facts.settings.config.validation;
    let Some(app) = &edge.app else {
        return Ok(Outcome::skip("the application's port is not published: the proxy's limit would answer"));
    };
    let paths: Vec<&str> = validation
        .api
        .iter()
        .filter(|r| r.method == "GET" && r.status == 200)
        .map(|r| r.path.as_str())
        .collect();
    if paths.is_empty() {
        return Ok(Outcome::skip("validation.api has no GET route"));
    }
    let mut routes = Vec::new();
    for path in paths {
        routes.push(measure(app, path).await);
    }
    Ok(judge_routes(&routes, validation.p95_ms))
}

/// What a route answered to many at once.
struct Route {
    path: String,
    latencies: Latencies,
    failed: Vec<String>,
}

async fn measure(app: &Client, path: &str) -> Route {
    let answers: Vec<_> = stream::iter(0..EACH)
        .map(|_| async move { app.get(path).await })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let mut times = Vec::new();
    let mut failed = Vec::new();
    for answer in answers {
        match answer {
            Ok(answer) if answer.status == 200 => times.push(answer.timings.total),
            Ok(answer) => failed.push(answer.status.to_string()),
            Err(error) => failed.push(error.root_cause().to_string()),
        }
    }
    Route { path: path.to_owned(), latencies: Latencies::new(times), failed }
}

fn judge_routes(routes: &[Route], p95_ms: u64) -> Outcome {
    let mut problems = Vec::new();
    let mut lines = Vec::new();
    let mut measures = Vec::new();
    for Route { path, latencies, failed } in routes {
        let p95 = latencies.percentile_ms(95.0);
        measures.extend(p95.map(|ms| Measure::new(path, ms, Unit::Ms, Some(p95_ms as f64))));
        let shown = p95.map_or("-".to_owned(), |ms| format!("{ms:.1}"));
        lines.push(format!(
            "{path}: p95 {shown} ms, {} answered, {} failed",
            latencies.count(),
            failed.len()
        ));
        if let Some(first) = failed.first() {
            problems.push(format!("{path}: {} of {EACH} failed ({first})", failed.len()));
        }
        if p95.is_some_and(|p95| p95 > p95_ms as f64) {
            problems.push(format!("{path}: p95 {shown} ms, over {p95_ms} ms"));
        }
    }
    let outcome = match problems.first() {
        None => Outcome::none(problems, routes.len(), "routes"),
        Some(first) => Outcome::fail(first.clone()).evidence(problems),
    };
    outcome.evidence(lines).measures(measures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    fn visit(ms: u64, failed: &[&str]) -> Visit {
        Visit {
            took: Duration::from_millis(ms),
            files: 3,
            slowest: ("/".into(), Duration::from_millis(ms)),
            failed: failed.iter().map(|&f| f.to_owned()).collect(),
        }
    }

    #[test]
    fn the_slowest_visit_decides() {
        let judge = |visits: &[Visit]| judge_page(visits, Duration::from_secs(3)).status;
        assert_eq!(judge(&[visit(20, &[]), visit(2999, &[])]), Status::Pass);
        assert_eq!(judge(&[visit(20, &[]), visit(3001, &[])]), Status::Fail);
        assert_eq!(judge(&[visit(1, &["/a.css: 404"])]), Status::Error);
        assert_eq!(judge(&[]), Status::Error);
    }

    #[test]
    fn a_slow_or_failing_route_fails() {
        let route = |ms: u64, failed: &[&str]| Route {
            path: "/api/x".into(),
            latencies: Latencies::new([Duration::from_millis(ms)]),
            failed: failed.iter().map(|&f| f.to_owned()).collect(),
        };
        assert_eq!(judge_routes(&[route(10, &[])], 500).status, Status::Pass);
        assert_eq!(judge_routes(&[route(501, &[])], 500).status, Status::Fail);
        assert_eq!(judge_routes(&[route(10, &["500"])], 500).status, Status::Fail);
        assert_eq!(judge_routes(&[], 500).status, Status::Error);
    }
}
