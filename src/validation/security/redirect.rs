//! SEC-003, SEC-022, SEC-023: plain HTTP leads to HTTPS and nowhere else; foreign names get nothing.

use anyhow::{Result, anyhow};

use crate::config::proxy::Proxy;
use crate::http::{Request, Response};
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::front::{Edge, LIMITED_TIMEOUT};
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check =
    Check { quick: true, timeout: LIMITED_TIMEOUT, needs: &[Need::Http], ..Check::base(Category::Security) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "SEC-003",
        title: "plain HTTP redirects to HTTPS and keeps the path",
        expected: "301 or 308 to https:// with the same path and query; never to a host that the visitor named",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, server of the HTTP port: \
                 `return 301 https://$host:HTTPS_PORT$request_uri;`, with a default_server that answers 421",
        run: |facts| Box::pin(async move { report(redirect(facts).await) }),
        ..BASE
    },
    Check {
        id: "SEC-022",
        title: "names that are not the twin's get nothing",
        expected: "no handshake for a foreign SNI, and no content for a foreign Host header",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf: a `listen … ssl default_server` with `ssl_reject_handshake on;`, and \
                 `listen … default_server; return 421;` for plain HTTP",
        run: |facts| Box::pin(async move { report(foreign_names(facts).await) }),
        ..BASE
    },
    Check {
        id: "SEC-023",
        title: "the HTTP port serves no content",
        severity: Severity::Blocker,
        expected: "no answer in 2xx on the HTTP port, whatever the path",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, server of the HTTP port: only `location / { return 301 …; }`, no proxy_pass",
        run: |facts| Box::pin(async move { report(plain_content(facts).await) }),
        ..BASE
    },
];

fn report(outcome: Result<Outcome>) -> Outcome {
    outcome.unwrap_or_else(|error| Outcome::error(format!("{error:#}")))
}

fn edge(facts: &Facts) -> Result<(&Edge, &Proxy)> {
    let edge = facts.front.edge().map_err(anyhow::Error::msg)?;
    let proxy = facts.settings.config.proxy.as_ref().ok_or_else(|| anyhow!("there is no proxy"))?;
    Ok((edge, proxy))
}

const FOREIGN: &str = "foreign.invalid";
const PATH: &str = "/stories/1001?page=2&next=%2Fhome";

async fn redirect(facts: &Facts) -> Result<Outcome> {
    let (edge, proxy) = edge(facts)?;
    let Some(plain) = &edge.plain else {
        return Ok(Outcome::skip("the HTTP port is not published"));
    };
    let own = plain.get(PATH).await?;
    // A closed connection is a good answer to a foreign name.
    let foreign = plain.send(&Request::get("/").host(FOREIGN)).await.ok();
    let port = if proxy.https_port == 443 { String::new() } else { format!(":{}", proxy.https_port) };
    let wanted = format!("https://{}{port}{PATH}", plain.target.name);
    Ok(judge_redirect(&own, &wanted, foreign.as_ref()))
}

fn judge_redirect(own: &Response, wanted: &str, foreign: Option<&Response>) -> Outcome {
    let location = own.header("location").unwrap_or("nowhere");
    let found = format!("{} to {location}", own.status);
    let foreign_location = foreign.and_then(|answer| answer.header("location")).unwrap_or_default();
    if !matches!(own.status, 301 | 308) {
        Outcome::fail(format!("{found}: not a permanent redirect"))
    } else if location != wanted {
        Outcome::fail(format!("{found} instead of {wanted}"))
    } else if foreign_location.contains(FOREIGN) {
        Outcome::fail(format!("a request for the host {FOREIGN} is sent on to {foreign_location}"))
    } else {
        Outcome::pass(found)
    }
}

async fn foreign_names(facts: &Facts) -> Result<Outcome> {
    let (edge, _) = edge(facts)?;
    let by_sni = edge.secure.clone().named(FOREIGN).get("/").await.ok().map(|answer| answer.status);
    let by_host = edge.secure.send(&Request::get("/").host(FOREIGN)).await.ok().map(|answer| answer.status);
    let plain = match &edge.plain {
        Some(plain) => plain.send(&Request::get("/").host(FOREIGN)).await.ok().map(|answer| answer.status),
        None => None,
    };
    Ok(judge_foreign(&[("SNI", by_sni), ("Host over HTTPS", by_host), ("Host over HTTP", plain)]))
}

/// By what the foreign name was sent, and the status that came back; none: no answer at all.
fn judge_foreign(answers: &[(&str, Option<u16>)]) -> Outcome {
    let seen: Vec<String> = answers
        .iter()
        .map(|(by, status)| match status {
            Some(status) => format!("{by}: {status}"),
            None => format!("{by}: closed"),
        })
        .collect();
    // Redirects are followed by nobody here: where they lead is SEC-003's.
    let served: Vec<String> = answers
        .iter()
        .filter(|(_, status)| status.is_some_and(|status| !(300..500).contains(&status)))
        .map(|(by, status)| format!("a foreign {by} is answered with {}", status.unwrap_or_default()))
        .collect();
    match served.first() {
        None => Outcome::pass(seen.join(", ")),
        Some(first) => Outcome::fail(first.clone()).evidence(seen),
    }
}

async fn plain_content(facts: &Facts) -> Result<Outcome> {
    let (edge, _) = edge(facts)?;
    let Some(plain) = &edge.plain else {
        return Ok(Outcome::skip("the HTTP port is not published"));
    };
    let mut answers = Vec::new();
    for path in [&edge.paths.page, &edge.paths.health, &edge.paths.unknown_api] {
        answers.push((path.clone(), plain.get(path).await?.status));
    }
    Ok(judge_plain(&answers))
}

fn judge_plain(answers: &[(String, u16)]) -> Outcome {
    let problems = answers
        .iter()
        .filter(|(_, status)| !(300..500).contains(status) || *status == 404)
        .map(|(path, status)| format!("{path} is answered with {status} over plain HTTP"))
        .collect();
    Outcome::none(problems, answers.len(), "paths redirected or refused")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    fn answer(status: u16, location: &str) -> Response {
        Response { status, headers: vec![("location".into(), location.into())], ..Response::default() }
    }

    #[test]
    fn a_redirect_must_be_permanent_whole_and_not_to_a_stranger() {
        let wanted = "https://localhost:8080/a?b=c";
        let judge =
            |own: Response, foreign: Option<Response>| judge_redirect(&own, wanted, foreign.as_ref()).status;
        assert_eq!(judge(answer(301, wanted), None), Status::Pass);
        assert_eq!(judge(answer(308, wanted), Some(answer(421, ""))), Status::Pass);
        assert_eq!(judge(answer(302, wanted), None), Status::Fail);
        assert_eq!(judge(answer(301, "https://localhost:8080/"), None), Status::Fail);
        assert_eq!(judge(answer(200, ""), None), Status::Fail);
        let astray = answer(301, "https://foreign.invalid:8080/");
        assert_eq!(judge(answer(301, wanted), Some(astray)), Status::Fail);
    }

    #[test]
    fn a_foreign_name_must_not_be_served() {
        assert_eq!(judge_foreign(&[("SNI", None), ("Host over HTTPS", Some(421))]).status, Status::Pass);
        assert_eq!(judge_foreign(&[("SNI", Some(200))]).status, Status::Fail);
        assert_eq!(judge_foreign(&[("Host over HTTPS", Some(502))]).status, Status::Fail);
    }

    #[test]
    fn plain_http_must_redirect_or_refuse() {
        let judge = |status| judge_plain(&[("/".into(), status)]).status;
        assert_eq!((judge(301), judge(421)), (Status::Pass, Status::Pass));
        assert_eq!((judge(200), judge(404), judge(502)), (Status::Fail, Status::Fail, Status::Fail));
    }
}
