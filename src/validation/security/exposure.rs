//! SEC-007, SEC-008, SEC-018: what must not come out, and how much may go in.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::http::{Request, Response};
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::front::{Edge, LIMITED_TIMEOUT};
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check =
    Check { needs: &[Need::Http], timeout: LIMITED_TIMEOUT, ..Check::base(Category::Security) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "SEC-007",
        title: "metrics and administration are closed from outside",
        severity: Severity::Blocker,
        quick: true,
        expected: "401, 403 or 404 for every `deny` route, every metrics path and the usual admin paths",
        remedy: "in stagectl.yml, proxy.routes: `- {path: PATH, kind: deny}`, then `stagectl generate` and \
                 `stagectl restart` the proxy",
        run: |facts| Box::pin(async move { report(admin(facts).await) }),
        ..BASE
    },
    Check {
        id: "SEC-008",
        title: "no hidden file, backup or path outside comes out, and no TRACE",
        severity: Severity::Blocker,
        expected: "no content for dot files, dumps, compose files and paths with `..`; TRACE refused",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, server block: \
                 `location ~ \"^(?:.*)/\\.(?!well-known/)\" { return 404; }` and \
                 `if ($request_method = TRACE) { return 405; }`; serve files with `root`, not `alias`",
        run: |facts| Box::pin(async move { report(hidden(facts).await) }),
        ..BASE
    },
    Check {
        id: "SEC-018",
        title: "a body over the limit is refused",
        expected: "413 for a request that announces more than proxy.max_body",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, http block: `client_max_body_size 10m;` (proxy.max_body in stagectl.yml)",
        run: |facts| Box::pin(async move { report(body(facts).await) }),
        ..BASE
    },
];

fn report(outcome: Result<Outcome, String>) -> Outcome {
    outcome.unwrap_or_else(Outcome::error)
}

/// Where frameworks, servers and their exporters show their insides.
const ADMIN: [&str; 10] = [
    "/metrics",
    "/stub_status",
    "/nginx_status",
    "/server-status",
    "/pgadmin/",
    "/grafana/",
    "/prometheus/",
    "/actuator/env",
    "/debug/pprof/",
    "/phpmyadmin/",
];

const HIDDEN: [&str; 12] = [
    "/.env",
    "/.env.staging",
    "/.git/config",
    "/.git/HEAD",
    "/.htpasswd",
    "/static/.env",
    "/static../.env",
    "/static/..%2f..%2f..%2f..%2fetc/passwd",
    "/static/../../../../etc/passwd",
    "/docker-compose.staging.yml",
    "/backup.sql",
    "/staging.conf.bak",
];

async fn admin(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    let services = facts.settings.config.services.values();
    let mut paths: Vec<String> = ADMIN.iter().map(|&path| path.to_owned()).collect();
    paths.extend(edge.paths.denied().map(str::to_owned));
    paths.extend(services.filter_map(|service| service.metrics.as_ref()).map(|metrics| metrics.path.clone()));
    paths.sort();
    paths.dedup();
    let shell = edge.shared(&edge.paths.unknown_page).await?;
    Ok(judge(&ask(edge, &paths).await?, &shell))
}

async fn hidden(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    let paths: Vec<String> = HIDDEN.iter().map(|&path| path.to_owned()).collect();
    let mut answers = ask(edge, &paths).await?;
    let trace = edge.send(&Request::new("TRACE", "/").header("x-stagectl-probe", "1")).await?;
    answers.push(("TRACE /".to_owned(), trace.into()));
    let shell = edge.shared(&edge.paths.unknown_page).await?;
    Ok(judge(&answers, &shell))
}

async fn ask(edge: &Edge, paths: &[String]) -> Result<Vec<(String, Arc<Response>)>, String> {
    let all = paths.iter().map(|path| async move { Ok((path.clone(), edge.shared(path).await?)) });
    futures_util::future::try_join_all(all).await
}

/// What is answered with content fails. A single-page application answers every path with its shell:
/// that is no content of the path.
fn judge(answers: &[(String, Arc<Response>)], shell: &Response) -> Outcome {
    let is_shell = |response: &Response| response.status == shell.status && response.body == shell.body;
    let problems = answers
        .iter()
        .filter(|(_, response)| (200..300).contains(&response.status) && !is_shell(response))
        .map(|(path, response)| {
            format!("{path} is answered with {} ({} bytes)", response.status, response.body.len())
        })
        .collect();
    Outcome::none(problems, answers.len(), "paths closed")
}

async fn body(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    let Some(limit) = facts.settings.config.proxy.as_ref().and_then(|proxy| bytes(&proxy.max_body)) else {
        return Err("proxy.max_body is not a size such as 10m".to_owned());
    };
    if limit == 0 {
        return Ok(Outcome::skip("proxy.max_body is 0: no limit is wanted"));
    }
    let request = Request::new("POST", &edge.paths.unknown_api).announce(limit + 1);
    let client = edge.secure.clone().patience(Duration::from_secs(5));
    Ok(judge_body(edge.send_by(&client, &request).await.map(|answer| answer.status), limit))
}

fn judge_body(answer: Result<u16, String>, limit: u64) -> Outcome {
    match answer {
        Ok(413) => Outcome::pass(format!("413 for {} bytes", limit + 1)),
        Ok(status) => Outcome::fail(format!("{} bytes announced, answered with {status}", limit + 1)),
        // It waits for the body, so it would take it.
        Err(cause) => Outcome::fail(format!("{} bytes announced, not refused: {cause}", limit + 1)),
    }
}

/// A size as nginx writes it, in bytes.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = match text.strip_suffix(['k', 'm', 'g']) {
        Some(number) if text.ends_with('k') => (number, 1 << 10),
        Some(number) if text.ends_with('m') => (number, 1 << 20),
        Some(number) => (number, 1 << 30),
        None => (text.as_str(), 1),
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    fn answer(status: u16, body: &str) -> Arc<Response> {
        Response { status, body: body.into(), ..Response::default() }.into()
    }

    #[test]
    fn content_fails_and_a_refusal_or_a_shell_does_not() {
        let judge = |answer| {
            judge(
                &[("/x".to_owned(), answer)],
                &Response { status: 200, body: b"shell".into(), ..Response::default() },
            )
            .status
        };
        assert_eq!(judge(answer(404, "")), Status::Pass);
        assert_eq!(judge(answer(401, "")), Status::Pass);
        assert_eq!(judge(answer(302, "")), Status::Pass);
        assert_eq!(judge(answer(200, "shell")), Status::Pass);
        assert_eq!(judge(answer(200, "SECRET=1")), Status::Fail);
    }

    #[test]
    fn only_413_refuses_a_body() {
        assert_eq!(judge_body(Ok(413), 10).status, Status::Pass);
        assert_eq!(judge_body(Ok(404), 10).status, Status::Fail);
        assert_eq!(judge_body(Err("no answer".into()), 10).status, Status::Fail);
    }

    #[test]
    fn sizes_are_read_as_nginx_reads_them() {
        assert_eq!(bytes("10m"), Some(10 << 20));
        assert_eq!((bytes("512K"), bytes("7"), bytes("ten")), (Some(512 << 10), Some(7), None));
    }
}
