//! SEC-006: which origins a browser may call the API from.

use anyhow::Result;

use crate::http::{Request, Response};
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::front::LIMITED_TIMEOUT;
use crate::validation::{Category, Check, Need, Outcome};

pub const CHECKS: &[Check] = &[Check {
    id: "SEC-006",
    title: "only listed origins may call the API",
    severity: Severity::Major,
    quick: true,
    timeout: LIMITED_TIMEOUT,
    needs: &[Need::Http],
    expected: "Access-Control-Allow-Origin names each origin of proxy.cors_origins, with Vary: Origin; \
               a foreign one, null, and look-alikes of a listed one get none",
    remedy: "`stagectl generate` writes it; in nginx/staging.conf: `map $http_origin $cors_origin { default ''; 'https://…' $http_origin; }` \
             and `add_header Access-Control-Allow-Origin $cors_origin always; add_header Vary Origin always;`; \
             the list is proxy.cors_origins of stagectl.yml",
    run: |facts| {
        Box::pin(
            async move { cors(facts).await.unwrap_or_else(|error| Outcome::error(format!("{error:#}"))) },
        )
    },
    ..Check::base(Category::Security)
}];

/// What the API said to an origin.
struct Answer {
    origin: String,
    listed: bool,
    allowed: Vec<String>,
    varies: bool,
}

async fn cors(facts: &Facts) -> Result<Outcome> {
    let edge = facts.front.edge().map_err(anyhow::Error::msg)?;
    let listed =
        facts.settings.config.proxy.as_ref().map(|proxy| proxy.cors_origins.clone()).unwrap_or_default();
    let path = edge.paths.api.as_ref().unwrap_or(&edge.paths.unknown_api);
    let asked = listed.iter().map(|origin| (origin.clone(), true)).chain(strangers(&listed));
    let answers = asked.map(|(origin, listed)| async move {
        let response = edge.send(&Request::get(path).header("origin", &origin)).await?;
        Ok::<_, String>(read(origin, listed, &response))
    });
    let answers = futures_util::future::try_join_all(answers).await.map_err(anyhow::Error::msg)?;
    Ok(judge(&answers))
}

/// A foreign origin, `null`, and what a careless comparison would take for a listed one.
fn strangers(listed: &[String]) -> Vec<(String, bool)> {
    let mut origins = vec!["https://foreign.invalid".to_owned(), "null".to_owned()];
    if let Some(first) = listed.first() {
        origins.push(format!("{first}.foreign.invalid"));
        if let Some((scheme, host)) = first.split_once("://") {
            origins.push(format!("{scheme}://foreign{host}"));
        }
    }
    origins.into_iter().filter(|origin| !listed.contains(origin)).map(|origin| (origin, false)).collect()
}

fn read(origin: String, listed: bool, response: &Response) -> Answer {
    let allowed = response.all("access-control-allow-origin").into_iter().map(str::to_owned).collect();
    let varies = response
        .all("vary")
        .iter()
        .flat_map(|value| value.split(','))
        .any(|name| matches!(name.trim().to_ascii_lowercase().as_str(), "origin" | "*"));
    Answer { origin, listed, allowed, varies }
}

fn judge(answers: &[Answer]) -> Outcome {
    let mut problems = Vec::new();
    for Answer { origin, listed, allowed, varies } in answers {
        match (listed, allowed.as_slice()) {
            (true, [one]) if one == origin && *varies => {}
            (true, [one]) if one == origin => {
                problems
                    .push(format!("the answer to {origin} lacks Vary: Origin: a cache would mix origins"));
            }
            (true, []) => problems.push(format!("the listed origin {origin} is not allowed")),
            (true, other) => problems.push(format!("{origin} is answered with {}", other.join(", "))),
            (false, []) => {}
            (false, other) => problems.push(format!("{origin} is allowed ({})", other.join(", "))),
        }
    }
    Outcome::none(problems, answers.len(), "origins")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    fn answer(listed: bool, allowed: &[&str], varies: bool) -> Answer {
        let allowed = allowed.iter().map(|&a| a.to_owned()).collect();
        Answer { origin: "https://a.test".into(), listed, allowed, varies }
    }

    #[test]
    fn a_listed_origin_is_named_and_a_stranger_is_not() {
        for (answer, status) in [
            (answer(true, &["https://a.test"], true), Status::Pass),
            (answer(true, &["https://a.test"], false), Status::Fail),
            (answer(true, &[], true), Status::Fail),
            (answer(true, &["*"], true), Status::Fail),
            (answer(true, &["https://a.test", "*"], true), Status::Fail),
            (answer(false, &[], true), Status::Pass),
            (answer(false, &["https://a.test"], true), Status::Fail),
            (answer(false, &["*"], true), Status::Fail),
        ] {
            let (listed, allowed) = (answer.listed, answer.allowed.clone());
            assert_eq!(judge(&[answer]).status, status, "listed {listed}, allowed {allowed:?}");
        }
    }

    #[test]
    fn strangers_look_like_a_listed_origin() {
        let strangers = strangers(&["https://localhost:8080".to_owned()]);
        let names: Vec<&str> = strangers.iter().map(|(origin, _)| origin.as_str()).collect();
        assert_eq!(
            names,
            [
                "https://foreign.invalid",
                "null",
                "https://localhost:8080.foreign.invalid",
                "https://foreignlocalhost:8080"
            ]
        );
    }
}
