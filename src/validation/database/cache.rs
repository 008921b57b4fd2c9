//! Is the twin's Redis closed, bounded, and does it survive a restart?

use std::sync::LazyLock;

use regex::Regex;

use crate::model::CacheAddress;
use crate::redis::Probe;
use crate::report::Severity;
use crate::validation::facts::{Facts, Missing};
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { needs: &[Need::Cache], quick: true, ..Check::base(Category::Database) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "RDS-001",
        title: "the cache answers with its password and not without",
        severity: Severity::Blocker,
        needs: &[],
        expected: "PONG with the password of stagectl.yml, a refusal without one",
        remedy: "set `cache.password`, and `requirepass` in the service's command, then `stagectl up`",
        run: |facts| Box::pin(asks_for_a_password(facts)),
        ..BASE
    },
    Check {
        id: "RDS-002",
        title: "the cache's memory is bounded",
        expected: "maxmemory above 0, and a policy that evicts",
        remedy: "`maxmemory 256mb` and `maxmemory-policy allkeys-lru` in the service's command",
        run: |facts| Box::pin(bounded(facts)),
        ..BASE
    },
    Check {
        id: "RDS-003",
        title: "the cache keeps its data over a restart",
        severity: Severity::Minor,
        expected: "`appendonly yes` or a `save` rule",
        remedy: "`appendonly yes` in the service's command",
        run: |facts| Box::pin(persists(facts)),
        ..BASE
    },
    Check {
        id: "RDS-004",
        title: "no e-mail address in the cache is real",
        severity: Severity::Blocker,
        quick: false,
        expected: "every address in a sample of 1000 keys is at the domain of `copy.email_domain`",
        remedy: "drop the keys, and decide about their pattern in `cache_copy.rules` of stagectl.yml",
        run: |facts| Box::pin(no_addresses(facts)),
        ..BASE
    },
];

async fn asks_for_a_password(facts: &Facts) -> Outcome {
    match &facts.cache {
        Ok(_) => {}
        Err(Missing::NotConfigured(reason)) => return Outcome::skip(reason.clone()),
        Err(Missing::Unreachable(cause)) => return Outcome::fail(cause.clone()),
    }
    let address = match facts.settings.cache() {
        Ok(Some(address)) => CacheAddress { password: None, ..address },
        _ => return Outcome::error("the cache's address cannot be resolved"),
    };
    match Probe::connect(&address).await {
        Ok(_) => Outcome::fail("it answers without a password"),
        Err(_) => Outcome::pass("it answers with the password and refuses without"),
    }
}

async fn bounded(facts: &Facts) -> Outcome {
    let Ok(probe) = &facts.cache else { return Outcome::error("no connection") };
    match (probe.setting("maxmemory").await, probe.setting("maxmemory-policy").await) {
        (Ok(memory), Ok(policy)) => judge_memory(memory.as_deref(), policy.as_deref()),
        (Err(error), _) | (_, Err(error)) => Outcome::error(format!("{error:#}")),
    }
}

fn judge_memory(memory: Option<&str>, policy: Option<&str>) -> Outcome {
    let bytes: u64 = memory.and_then(|text| text.parse().ok()).unwrap_or(0);
    match policy {
        _ if bytes == 0 => Outcome::fail("maxmemory is not set: it grows until the container is killed"),
        None | Some("noeviction") => Outcome::fail("when it is full, writes fail (policy noeviction)"),
        Some(policy) => Outcome::pass(format!("{} MB, {policy}", bytes >> 20)),
    }
}

async fn persists(facts: &Facts) -> Outcome {
    let Ok(probe) = &facts.cache else { return Outcome::error("no connection") };
    match (probe.setting("appendonly").await, probe.setting("save").await) {
        (Ok(append), Ok(save)) => judge_persistence(append.as_deref(), save.as_deref()),
        (Err(error), _) | (_, Err(error)) => Outcome::error(format!("{error:#}")),
    }
}

fn judge_persistence(append: Option<&str>, save: Option<&str>) -> Outcome {
    match (append, save) {
        (Some("yes"), _) => Outcome::pass("append-only file"),
        (_, Some(rules)) if !rules.is_empty() => Outcome::pass(format!("snapshots ({rules})")),
        _ => Outcome::fail("neither an append-only file nor snapshots"),
    }
}

const SAMPLE: usize = 1000;

static EMAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"[^\s@<>"',;:()\[\]{}\\]+@([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)"#).ok());

async fn no_addresses(facts: &Facts) -> Outcome {
    let Ok(probe) = &facts.cache else { return Outcome::error("no connection") };
    match probe.sample(SAMPLE).await {
        Ok(keys) if keys.is_empty() => Outcome::skip("the cache is empty"),
        Ok(keys) => {
            let domain = facts.settings.config.copy.email_domain.to_lowercase();
            let problems = keys
                .iter()
                .filter(|(_, text)| has_foreign_address(text, &domain))
                // The key's beginning only: its end may be a person's.
                .map(|(key, _)| {
                    let kind = key.rsplit_once(':').map_or(key.as_str(), |(kind, _)| kind);
                    format!("`{kind}:…` holds an address outside @{domain}")
                })
                .collect();
            Outcome::none(problems, keys.len(), "keys sampled")
        }
        Err(error) => Outcome::error(format!("{error:#}")),
    }
}

fn has_foreign_address(text: &str, domain: &str) -> bool {
    EMAIL.as_ref().is_some_and(|email| {
        email
            .captures_iter(text)
            .any(|found| found.get(1).is_some_and(|at| at.as_str().to_lowercase() != domain))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    #[test]
    fn endless_memory_noeviction_and_no_persistence_fail() {
        assert_eq!(judge_memory(Some("268435456"), Some("allkeys-lru")).status, Status::Pass);
        assert_eq!(judge_memory(Some("0"), Some("allkeys-lru")).status, Status::Fail);
        assert_eq!(judge_memory(Some("1024"), Some("noeviction")).status, Status::Fail);
        assert_eq!(judge_persistence(Some("no"), Some("")).status, Status::Fail);
        assert_eq!(judge_persistence(Some("no"), Some("3600 1")).status, Status::Pass);
        assert_eq!(judge_persistence(Some("yes"), None).status, Status::Pass);
    }

    #[test]
    fn an_address_of_another_domain_is_seen() {
        assert!(!has_foreign_address(r#"{"email":"u1@staging.local","at":"@handle"}"#, "staging.local"));
        assert!(has_foreign_address(r#"{"email":"jürgen@schule.example"}"#, "staging.local"));
        assert!(has_foreign_address("x@staging.local.evil.example", "staging.local"));
    }
}
