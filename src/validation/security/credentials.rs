//! Do staging's credentials open production? Proven by trying: one attempt each, which must be refused.

use std::time::Duration;

use secrecy::SecretString;

use crate::model::{CacheAddress, DatabaseAddress};
use crate::postgres;
use crate::redis::Probe;
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Outcome};

pub const CHECKS: &[Check] = &[Check {
    id: "SEC-016",
    title: "staging's credentials do not open production",
    severity: Severity::Blocker,
    expected: "production's PostgreSQL and Redis refuse staging's roles and passwords",
    remedy: "give staging its own passwords: delete them from .env.staging and run `stagectl setup`",
    timeout: Duration::from_secs(40),
    run: |facts| Box::pin(refused(facts)),
    ..Check::base(Category::Security)
}];

/// How one attempt to log in to production ended.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    Refused,
    /// The credentials were accepted.
    Accepted,
    /// Nobody answered, so nothing is proven.
    Unreachable(String),
}

async fn refused(facts: &Facts) -> Outcome {
    let Some(production) = &facts.settings.config.production else {
        return Outcome::skip("stagectl.yml has no `production`");
    };
    let expand = |url: &Option<String>| {
        let url = url.as_ref()?;
        facts.settings.expand(url).ok().filter(|url| !url.is_empty())
    };
    let mut attempts = Vec::new();
    if let Some(url) = expand(&production.database_url) {
        let target = match postgres::address(&url) {
            Ok(target) => target,
            Err(error) => return Outcome::error(format!("{error:#}")),
        };
        for address in [facts.settings.database_user(), facts.settings.database_admin()].into_iter().flatten()
        {
            let who = format!("PostgreSQL as `{}`", address.user);
            let address =
                DatabaseAddress { user: address.user, password: address.password, ..target.clone() };
            attempts.push((who, database_login(&address).await));
        }
    }
    if let Some(url) = expand(&production.redis_url)
        && let (Some((host, port)), Ok(Some(staging))) = (redis_place(&url), facts.settings.cache())
    {
        attempts.push(("Redis".to_owned(), cache_login(&host, port, staging.password).await));
    }
    judge(&attempts)
}

async fn database_login(address: &DatabaseAddress) -> Attempt {
    match postgres::connect(address).await {
        Ok(_) => Attempt::Accepted,
        Err(error) => judge_login(&format!("{error:#}")),
    }
}

/// From the server's words: SQLSTATE class 28 is a refusal of the credentials; any other answer of
/// the server came after it had accepted them.
fn judge_login(words: &str) -> Attempt {
    let state = words.rsplit_once('(').and_then(|(_, rest)| rest.split(')').next()).unwrap_or_default();
    let is_state = state.len() == 5 && state.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    match state {
        state if is_state && state.starts_with("28") => Attempt::Refused,
        // Too many connections, starting up: decided before the password was looked at.
        state if is_state && (state.starts_with("53") || state.starts_with("57")) => {
            Attempt::Unreachable(words.to_owned())
        }
        _ if is_state => Attempt::Accepted,
        _ => Attempt::Unreachable(words.to_owned()),
    }
}

async fn cache_login(host: &str, port: u16, password: Option<SecretString>) -> Attempt {
    let address = CacheAddress { host: host.to_owned(), port, password };
    match Probe::connect(&address).await {
        Ok(_) => Attempt::Accepted,
        Err(error) => judge_cache(&format!("{error:#}")),
    }
}

fn judge_cache(words: &str) -> Attempt {
    let lower = words.to_ascii_lowercase();
    let refusals =
        ["wrongpass", "noauth", "noperm", "invalid password", "authentication", "invalid username"];
    if refusals.iter().any(|word| lower.contains(word)) {
        Attempt::Refused
    } else {
        Attempt::Unreachable(words.to_owned())
    }
}

/// Host and port of a Redis URL.
fn redis_place(url: &str) -> Option<(String, u16)> {
    let authority = url.split_once("://")?.1.split(['/', '?']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    match place.rsplit_once(':') {
        Some((host, port)) => Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?)),
        None => Some((place.to_owned(), 6379)),
    }
}

fn judge(attempts: &[(String, Attempt)]) -> Outcome {
    let accepted: Vec<String> = attempts
        .iter()
        .filter(|(_, attempt)| *attempt == Attempt::Accepted)
        .map(|(who, _)| format!("production's {who} was let in"))
        .collect();
    if let Some(first) = accepted.first() {
        return Outcome::fail(first.clone()).evidence(accepted);
    }
    let silent: Vec<String> = attempts
        .iter()
        .filter_map(|(who, attempt)| match attempt {
            Attempt::Unreachable(why) => Some(format!("{who}: {why}")),
            _ => None,
        })
        .collect();
    match silent.first() {
        _ if attempts.is_empty() => Outcome::skip("production has no URL here"),
        Some(_) => Outcome::warn("not proven: production did not answer").evidence(silent),
        None => Outcome::pass(format!("{} attempts, all refused", attempts.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    #[test]
    fn only_a_refusal_of_the_credentials_is_a_refusal() {
        assert_eq!(
            judge_login("connect: password authentication failed for user \"x\" (28P01)"),
            Attempt::Refused
        );
        assert_eq!(judge_login("connect: database \"x\" does not exist (3D000)"), Attempt::Accepted);
        assert_eq!(judge_login("connect: permission denied for database (42501)"), Attempt::Accepted);
        assert!(matches!(judge_login("connect: too many clients (53300)"), Attempt::Unreachable(_)));
        assert!(matches!(judge_login("connection refused (os error 111)"), Attempt::Unreachable(_)));
        assert_eq!(judge_cache("WRONGPASS invalid username-password pair"), Attempt::Refused);
        assert!(matches!(judge_cache("connection refused"), Attempt::Unreachable(_)));
    }

    #[test]
    fn one_open_door_fails_and_a_silent_production_proves_nothing() {
        let of = |attempt| ("PostgreSQL".to_owned(), attempt);
        assert_eq!(judge(&[of(Attempt::Refused)]).status, Status::Pass);
        assert_eq!(judge(&[of(Attempt::Refused), of(Attempt::Accepted)]).status, Status::Fail);
        assert_eq!(judge(&[of(Attempt::Refused), of(Attempt::Unreachable("x".into()))]).status, Status::Warn);
        assert_eq!(judge(&[]).status, Status::Skip);
    }

    #[test]
    fn the_place_of_a_redis_url_is_found() {
        assert_eq!(redis_place("redis://:p@h:6390/0"), Some(("h".to_owned(), 6390)));
        assert_eq!(redis_place("rediss://h"), Some(("h".to_owned(), 6379)));
    }
}
