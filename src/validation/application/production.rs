//! Nothing of production in staging's variables and files.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::config::Settings;
use crate::config::settings::ENV_FILE;
use crate::report::Severity;
use crate::validation::facts::{COMPOSE_FILE, Facts};
use crate::validation::{Category, Check, Outcome};

pub const CHECKS: &[Check] = &[Check {
    id: "ENV-003",
    title: "nothing of production is in staging's variables",
    severity: Severity::Blocker,
    quick: true,
    expected: "no live key (sk_live_, rk_live_, AKIA…), no production host or marker, no environment named production, \
               in the env files, the compose file and the running containers",
    remedy: "use the test-mode key (sk_test_…) and staging's own hosts, then `stagectl up`",
    run: |facts| Box::pin(async { no_production(facts) }),
    ..Check::base(Category::Application)
}];

static LIVE_KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:[srp]k_live_|whsec_live_|AKIA[A-Z0-9]{12,}|ghp_[A-Za-z0-9]{20,}|xox[bp]-[0-9A-Za-z-]{10,})",
    )
    .ok()
});
/// Variables that name the environment.
const ENVIRONMENT_NAMES: [&str; 7] =
    ["NODE_ENV", "APP_ENV", "ENVIRONMENT", "RAILS_ENV", "FLASK_ENV", "DJANGO_ENV", "SENTRY_ENVIRONMENT"];

fn no_production(facts: &Facts) -> Outcome {
    let markers = markers(&facts.settings);
    let mut problems = Vec::new();
    let mut checked = 0;
    if let Ok((text, _)) = &facts.compose {
        checked += 1;
        problems.extend(
            text.lines().filter_map(|line| marked(line, &markers)).map(|p| format!("{COMPOSE_FILE}: {p}")),
        );
    }
    if let Ok(text) = fs_err::read_to_string(facts.settings.root.join(ENV_FILE)) {
        checked += 1;
        problems.extend(
            text.lines()
                .filter(|line| !line.trim_start().starts_with('#'))
                .filter_map(|line| {
                    variable_of(line).and_then(|(name, value)| production_value(name, value, &markers))
                })
                .map(|problem| format!("{ENV_FILE}: {problem}")),
        );
    }
    for container in facts.running() {
        checked += 1;
        problems.extend(
            container
                .env
                .iter()
                .filter_map(|line| line.split_once('='))
                .filter_map(|(name, value)| production_value(name, value, &markers))
                .map(|problem| format!("{}: {problem}", container.name)),
        );
    }
    Outcome::none(problems, checked, "files and containers without production in them")
}

fn variable_of(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().split_once('=')?;
    Some((name.trim_start_matches("export ").trim(), value.trim_matches(['\'', '"', ' '])))
}

/// What stagectl.yml calls production's, and the hosts of production's URLs.
fn markers(settings: &Settings) -> BTreeSet<String> {
    let Some(production) = &settings.config.production else { return BTreeSet::new() };
    let urls = [&production.database_url, &production.redis_url].into_iter().flatten();
    let hosts = urls.filter_map(|url| host(&settings.expand(url).ok()?));
    // On one machine for a trial, production's host is everybody's.
    let hosts = hosts.filter(|host| !matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1"));
    production.markers.iter().cloned().chain(hosts).filter(|marker| !marker.is_empty()).collect()
}

/// The host of a URL.
fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if host.starts_with('[') {
        host.split(']').next()?.trim_start_matches('[')
    } else {
        host.split(':').next()?
    };
    (!host.is_empty()).then(|| host.to_owned())
}

/// The problem in words that do not hold the value.
fn production_value(name: &str, value: &str, markers: &BTreeSet<String>) -> Option<String> {
    if ENVIRONMENT_NAMES.contains(&name) && value.eq_ignore_ascii_case("production") {
        return Some(format!("{name} says production"));
    }
    marked(value, markers).map(|problem| format!("{name} {problem}"))
}

fn marked(text: &str, markers: &BTreeSet<String>) -> Option<String> {
    if let Some(marker) = markers.iter().find(|marker| text.contains(marker.as_str())) {
        return Some(format!("holds `{marker}`"));
    }
    let key = LIVE_KEY.as_ref()?.find(text)?;
    Some(format!("holds a live key ({}…)", key.as_str().get(..4).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_keys_markers_hosts_and_the_name_production_are_seen() {
        let markers = BTreeSet::from(["db.prod.example.com".to_owned()]);
        let bad = [
            ("STRIPE_KEY", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("DATABASE_URL", "postgresql://u:p@db.prod.example.com/x"),
            ("NODE_ENV", "Production"),
        ];
        for (name, value) in bad {
            let problem = production_value(name, value, &markers).unwrap();
            assert!(!problem.contains("4eC39") && !problem.contains("IOSF"), "{problem}");
        }
        for (name, value) in
            [("STRIPE_KEY", "sk_test_4eC39HqLyjWDarjt"), ("NODE_ENV", "staging"), ("X", "production")]
        {
            assert_eq!(production_value(name, value, &markers), None, "{name}");
        }
    }

    #[test]
    fn the_host_of_a_url_is_found() {
        assert_eq!(host("postgresql://u:p%40x@db.example.com:5432/a").as_deref(), Some("db.example.com"));
        assert_eq!(host("redis://:pw@[2001:db8::1]:6379").as_deref(), Some("2001:db8::1"));
        assert_eq!(host("nonsense"), None);
    }
}
