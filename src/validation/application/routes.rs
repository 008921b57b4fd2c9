//! APP-001 … APP-004, APP-007, APP-008: what the application answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::validation::ApiRoute;
use crate::http::{Request, Response};
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::front::{self, LIMITED_TIMEOUT};
use crate::validation::{Category, Check, Need, Outcome, Stage};

const BASE: Check =
    Check { needs: &[Need::Http], timeout: LIMITED_TIMEOUT, ..Check::base(Category::Application) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "APP-001",
        title: "the application says that it is healthy",
        severity: Severity::Blocker,
        quick: true,
        expected: "200 within 2 s at validation.health_path through the proxy, with a status of ok",
        remedy: "run `stagectl logs` with the application's service: its health answer names what is missing",
        run: |facts| Box::pin(async move { report(health(facts).await) }),
        ..BASE
    },
    Check {
        id: "APP-002",
        title: "every declared API route answers as declared",
        severity: Severity::Blocker,
        quick: true,
        expected: "the status of validation.api for each route, with a JSON body",
        remedy: "run `stagectl logs` with the application's service; routes are listed in validation.api of stagectl.yml",
        run: |facts| Box::pin(async move { report(routes(facts).await) }),
        ..BASE
    },
    Check {
        id: "APP-003",
        title: "an unknown API route is a 404 in JSON",
        expected: "404 with a JSON body, not 200 with the page of a single-page application",
        remedy: "in the application: answer unknown paths below /api/ with 404 and JSON before the catch-all route",
        run: |facts| Box::pin(async move { report(unknown(facts).await) }),
        ..BASE
    },
    Check {
        id: "APP-004",
        title: "the page loads, and every file it names",
        quick: true,
        expected: "200 for the page and its files, with a fitting media type, files cacheable for an hour or more",
        remedy: "build the application's assets into the image; in stagectl.yml, proxy.routes: \
                 `- {path: /static/, kind: static, upstream: app}` sets Cache-Control",
        run: |facts| Box::pin(async move { report(page(facts).await) }),
        ..BASE
    },
    Check {
        id: "APP-007",
        title: "no server error while the checks asked",
        expected: "no answer of 500 or more to any request of this run",
        remedy: "run `stagectl logs` with the application's service and look for the path named here",
        stage: Stage::Load,
        run: |facts| Box::pin(async move { report(server_errors(facts)) }),
        ..BASE
    },
    Check {
        id: "APP-008",
        title: "the application answers on its own port",
        quick: true,
        expected: "200 at validation.health_path on the published port of the application",
        remedy: "in stagectl.yml, the application's service: publish its port, as in `ports: ['3001:3000']`, \
                 and let it listen on 0.0.0.0 inside the container",
        run: |facts| Box::pin(async move { report(direct(facts).await) }),
        ..BASE
    },
];

fn report(outcome: Result<Outcome, String>) -> Outcome {
    outcome.unwrap_or_else(Outcome::error)
}

async fn health(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    Ok(judge_health(&*edge.shared(&edge.paths.health).await?))
}

fn judge_health(answer: &Response) -> Outcome {
    let body = answer.json();
    let state = body.as_ref().and_then(|body| body.get("status")).and_then(|status| status.as_str());
    let took = answer.timings.total;
    let detail = body.as_ref().map(ToString::to_string).into_iter();
    let found =
        format!("{} in {} ms, status {}", answer.status, took.as_millis(), state.unwrap_or("not named"));
    let good = ["ok", "healthy", "up", "pass"];
    if answer.status != 200 || state.is_some_and(|s| !good.contains(&s.to_ascii_lowercase().as_str())) {
        Outcome::fail(found).evidence(detail)
    } else if state.is_none() && !answer.text().to_ascii_lowercase().contains("ok") {
        Outcome::fail(format!("{found}: the body says neither a status nor ok"))
    } else if took > Duration::from_secs(2) {
        Outcome::fail(format!("{found}: later than 2 s"))
    } else {
        Outcome::pass(found)
    }
}

async fn routes(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    let declared = &facts.settings.config.validation.api;
    if declared.is_empty() {
        return Ok(Outcome::skip("stagectl.yml has no `validation.api`"));
    }
    let answers = declared.iter().map(|route| async move {
        let answer = if route.method == "GET" {
            edge.shared(&route.path).await
        } else {
            edge.send(&Request::new(&route.method, &route.path).json("{}")).await.map(Arc::new)
        };
        (route, answer)
    });
    Ok(judge_routes(&futures_util::future::join_all(answers).await))
}

fn judge_routes(answers: &[(&ApiRoute, Result<Arc<Response>, String>)]) -> Outcome {
    let mut problems = Vec::new();
    for (ApiRoute { path, method, status }, answer) in answers {
        let place = format!("{method} {path}");
        match answer {
            Err(cause) => problems.push(format!("{place}: {cause}")),
            Ok(answer) if answer.status != *status => {
                problems.push(format!("{place}: {} instead of {status}", answer.status));
            }
            Ok(answer) if !matches!(answer.status, 204 | 304) && !is_json(answer) => {
                problems.push(format!("{place}: {} instead of JSON", content(answer)));
            }
            Ok(_) => {}
        }
    }
    Outcome::none(problems, answers.len(), "API routes")
}

fn is_json(answer: &Response) -> bool {
    let media = answer.media_type();
    (media == "application/json" || media.ends_with("+json")) && (answer.truncated || answer.json().is_some())
}

fn content(answer: &Response) -> String {
    let media = answer.media_type();
    if media.is_empty() { "no content type".to_owned() } else { media }
}

async fn unknown(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    Ok(judge_unknown(&*edge.shared(&edge.paths.unknown_api).await?, &edge.paths.unknown_api))
}

fn judge_unknown(answer: &Response, path: &str) -> Outcome {
    let found = format!("{path}: {} with {}", answer.status, content(answer));
    if answer.status == 404 && is_json(answer) { Outcome::pass(found) } else { Outcome::fail(found) }
}

async fn page(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    let page = edge.shared(&edge.paths.page).await?;
    let files = front::assets(&page.text());
    let files = files.into_iter().map(|path| async move {
        let answer = edge.shared(&path).await;
        (path, answer)
    });
    Ok(judge_page(&page, &futures_util::future::join_all(files).await))
}

fn judge_page(page: &Response, files: &[(String, Result<Arc<Response>, String>)]) -> Outcome {
    if page.status != 200 || page.media_type() != "text/html" {
        return Outcome::fail(format!("the page is answered with {} and {}", page.status, content(page)));
    }
    let mut problems = Vec::new();
    for (path, answer) in files {
        match answer {
            Err(cause) => problems.push(format!("{path}: {cause}")),
            Ok(answer) if answer.status != 200 => problems.push(format!("{path}: {}", answer.status)),
            Ok(answer) if !media_fits(path, &answer.media_type()) => {
                problems.push(format!("{path}: {}", content(answer)));
            }
            Ok(answer) if cached_seconds(answer) < 3600 => problems.push(format!(
                "{path}: Cache-Control is {}",
                answer.header("cache-control").unwrap_or("missing")
            )),
            Ok(_) => {}
        }
    }
    Outcome::none(problems, files.len() + 1, "files, the page included")
}

/// Whether a media type is what a browser accepts for a file of this extension.
fn media_fits(path: &str, media: &str) -> bool {
    let file = path.split('?').next().unwrap_or_default();
    match file.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => media == "text/css",
        "js" | "mjs" => media.ends_with("javascript"),
        "svg" => media == "image/svg+xml",
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "avif" | "ico" => media.starts_with("image/"),
        "json" | "webmanifest" => media.ends_with("json"),
        "woff" | "woff2" | "ttf" => media.contains("font"),
        _ => media != "text/html",
    }
}

fn cached_seconds(answer: &Response) -> u64 {
    let value = answer.header("cache-control").unwrap_or_default().to_ascii_lowercase();
    value.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok()).unwrap_or(0)
}

fn server_errors(facts: &Facts) -> Result<Outcome, String> {
    let (sent, errors) = facts.front.edge()?.server_errors();
    Ok(judge_errors(sent, &errors))
}

fn judge_errors(sent: usize, errors: &BTreeMap<String, u16>) -> Outcome {
    let problems = errors.iter().map(|(what, status)| format!("{what}: {status}")).collect();
    Outcome::none(problems, sent, "requests")
}

async fn direct(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    let Some(app) = &edge.app else {
        return Ok(Outcome::skip("the application's port is not published"));
    };
    let address = app.target.address;
    Ok(match app.get(&edge.paths.health).await {
        Ok(answer) if answer.status == 200 => Outcome::pass(format!("200 on {address}")),
        Ok(answer) => Outcome::fail(format!("{} on {address}", answer.status)),
        Err(error) => Outcome::fail(format!("{error:#}")),
    })
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
