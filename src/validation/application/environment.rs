//! The env matrix: is every variable there, well-formed and known?

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret as _;

use crate::config::env;
use crate::config::file::EnvSource;
use crate::config::settings::ENV_FILE;
use crate::config::validation::VariableRule;
use crate::engine::Container;
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome, compose};

const BASE: Check = Check { quick: true, ..Check::base(Category::Application) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "ENV-001",
        title: "required variables are set",
        severity: Severity::Blocker,
        needs: &[Need::Engine],
        expected: "each required variable of `validation.variables` is set and not empty in its running container",
        remedy: "add it to `services.SERVICE.environment` (and to `env`), then `stagectl up`",
        run: |facts| Box::pin(async { each(facts, "variables required", required) }),
        ..BASE
    },
    Check {
        id: "ENV-002",
        title: "variables have values of their kind",
        needs: &[Need::Engine],
        expected: "url, integer, boolean or one of the allowed values, as `validation.variables` says; no placeholder",
        remedy: "correct the value in `env` of stagectl.yml, then `stagectl up`",
        run: |facts| Box::pin(async { each(facts, "variables well-formed", malformed) }),
        ..BASE
    },
    Check {
        id: "ENV-004",
        title: "the compose file needs nothing from the shell",
        needs: &[Need::Compose],
        expected: "every ${NAME} in docker-compose.staging.yml is in .env.staging or has a default",
        remedy: "`stagectl generate`; put the variable into `env` of stagectl.yml",
        run: |facts| Box::pin(async { resolves_alone(facts) }),
        ..BASE
    },
    Check {
        id: "ENV-005",
        title: "no variable is unknown or misspelt",
        severity: Severity::Minor,
        needs: &[Need::Compose],
        expected: "each variable of a service in `validation.variables` stands there",
        remedy: "correct the name, or add it to `validation.variables` with its owner",
        run: |facts| Box::pin(async { known_only(facts) }),
        ..BASE
    },
    Check {
        id: "ENV-006",
        title: "secrets are strong and different",
        expected: "at least 16 characters, more than 3 bits a character, no placeholder, no two the same",
        remedy: "delete the line from .env.staging and run `stagectl setup`: it makes a new one",
        run: |facts| Box::pin(async { strong_secrets(facts) }),
        ..BASE
    },
];

/// Judges every variable of the matrix in every running container of its service.
fn each(
    facts: &Facts,
    things: &str,
    judge: fn(&str, &VariableRule, Option<&str>) -> Option<String>,
) -> Outcome {
    let matrix = &facts.settings.config.validation.variables;
    if matrix.is_empty() {
        return Outcome::skip("`validation.variables` of stagectl.yml is empty");
    }
    let mut problems = Vec::new();
    let mut checked = 0;
    for container in facts.running() {
        let Some(rules) = matrix.get(container.service()) else { continue };
        let values = values(container);
        for (name, rule) in rules {
            checked += 1;
            let problem = judge(name, rule, values.get(name.as_str()).copied());
            problems.extend(problem.map(|problem| format!("{}: {problem}", container.name)));
        }
    }
    Outcome::none(problems, checked, things)
}

fn values(container: &Container) -> BTreeMap<&str, &str> {
    container.env.iter().filter_map(|line| line.split_once('=')).collect()
}

fn required(name: &str, rule: &VariableRule, value: Option<&str>) -> Option<String> {
    match value {
        _ if !rule.required => None,
        None => Some(format!("{name} is not set{}", owner(rule))),
        Some("") => Some(format!("{name} is empty{}", owner(rule))),
        Some(_) => None,
    }
}

fn owner(rule: &VariableRule) -> String {
    rule.owner.as_ref().map(|owner| format!(" (ask {owner})")).unwrap_or_default()
}

/// Words that somebody meant to replace.
const PLACEHOLDERS: [&str; 8] =
    ["changeme", "change-me", "change_me", "placeholder", "your-", "your_", "<", "example-key"];

fn malformed(name: &str, rule: &VariableRule, value: Option<&str>) -> Option<String> {
    let value = value.filter(|value| !value.is_empty())?;
    let lower = value.to_ascii_lowercase();
    if PLACEHOLDERS.iter().any(|word| lower.starts_with(word)) {
        return Some(format!("{name} is still a placeholder"));
    }
    if !rule.allowed.is_empty() && !rule.allowed.iter().any(|allowed| allowed == value) {
        return Some(format!("{name} is none of {}", rule.allowed.join(", ")));
    }
    let fits = match rule.kind.as_deref() {
        Some("integer") => value.parse::<i64>().is_ok(),
        Some("boolean") => {
            matches!(lower.as_str(), "true" | "false" | "1" | "0" | "yes" | "no" | "on" | "off")
        }
        Some("url") => value.split_once("://").is_some_and(|(scheme, rest)| {
            !scheme.is_empty()
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                && !rest.is_empty()
                && !rest.starts_with('/')
                && !value.contains(char::is_whitespace)
        }),
        Some("string" | "") | None => true,
        Some(other) => {
            return Some(format!("{name}: `validation.variables` names an unknown kind `{other}`"));
        }
    };
    (!fits).then(|| format!("{name} is no {}", rule.kind.as_deref().unwrap_or_default()))
}

fn resolves_alone(facts: &Facts) -> Outcome {
    let Ok((text, _)) = &facts.compose else { return Outcome::error("no compose file") };
    let path = facts.settings.root.join(ENV_FILE);
    let file = if path.exists() {
        match fs_err::read_to_string(&path)
            .map_err(|error| error.to_string())
            .and_then(|text| env::parse(&text, ENV_FILE).map_err(|failure| failure.message))
        {
            Ok(file) => file,
            Err(error) => return Outcome::fail(error),
        }
    } else {
        BTreeMap::new()
    };
    let unresolved = unresolved(text, &file);
    if unresolved.is_empty() {
        return Outcome::pass(format!("{} variables in {ENV_FILE}", file.len()));
    }
    Outcome::fail(format!("{} come from the shell", unresolved.join(", ")))
}

/// The names without a default that the env file does not have.
fn unresolved(compose: &str, file: &BTreeMap<String, String>) -> Vec<String> {
    // Line by line: a comment may hold anything.
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for line in compose.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for name in env::references(line) {
            let without_default = env::expand(line, &mut |other| (other != name).then(String::new)).is_err();
            if without_default && !file.contains_key(&name) {
                missing.insert(name);
            }
        }
    }
    missing.into_iter().collect()
}

fn known_only(facts: &Facts) -> Outcome {
    let Ok((_, file)) = &facts.compose else { return Outcome::error("no compose file") };
    let matrix = &facts.settings.config.validation.variables;
    if matrix.is_empty() {
        return Outcome::skip("`validation.variables` of stagectl.yml is empty");
    }
    let services = compose::services(file);
    let mut problems = Vec::new();
    let mut checked = 0;
    for (service, rules) in matrix {
        let Some(written) = services.get(service) else {
            problems.push(format!("`validation.variables` names `{service}`, which is no service"));
            continue;
        };
        let names = match compose::environment(&facts.settings, written) {
            Ok(found) => found.into_keys().collect::<Vec<_>>(),
            Err(error) => return Outcome::error(format!("{service}: {error}")),
        };
        checked += names.len();
        let unknown = names.iter().filter(|name| !rules.contains_key(*name));
        problems.extend(unknown.map(|name| format!("{service}: {name} is not in the matrix")));
    }
    Outcome::none(problems, checked, "variables known")
}

fn strong_secrets(facts: &Facts) -> Outcome {
    let generated: Vec<(&String, &str)> = facts
        .settings
        .config
        .env
        .iter()
        .filter(|(_, source)| !matches!(source, EnvSource::Literal(_)))
        .filter_map(|(name, _)| Some((name, facts.settings.variables.get(name)?.expose_secret())))
        .collect();
    if generated.is_empty() {
        return Outcome::skip("stagectl.yml has no secrets that exist yet");
    }
    let mut problems: Vec<String> = generated.iter().filter_map(|(name, value)| weak(name, value)).collect();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in &generated {
        if let Some(other) = seen.insert(value, name) {
            problems.push(format!("{name} and {other} are the same"));
        }
    }
    Outcome::none(problems, generated.len(), "secrets strong and different")
}

fn weak(name: &str, value: &str) -> Option<String> {
    let lower = value.to_ascii_lowercase();
    if PLACEHOLDERS.iter().any(|word| lower.starts_with(word)) || lower.contains("password") {
        return Some(format!("{name} is a placeholder"));
    }
    if value.chars().count() < 16 {
        return Some(format!("{name} has only {} characters", value.chars().count()));
    }
    let bits = entropy(value);
    (bits <= 3.0).then(|| format!("{name} has only {bits:.1} bits a character"))
}

/// Shannon entropy, in bits per character.
fn entropy(text: &str) -> f64 {
    let mut counts: BTreeMap<char, f64> = BTreeMap::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1.0;
    }
    let total: f64 = counts.values().sum();
    counts.values().map(|count| -(count / total) * (count / total).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> VariableRule {
        serde_yaml::from_str(text).unwrap()
    }

    #[test]
    fn a_required_variable_must_be_there_and_not_empty() {
        let needed = rule("{required: true, owner: the platform team}");
        assert_eq!(required("A", &needed, Some("1")), None);
        assert_eq!(required("A", &needed, None).unwrap(), "A is not set (ask the platform team)");
        assert!(required("A", &needed, Some("")).is_some());
        assert_eq!(required("A", &rule("{}"), None), None);
    }

    #[test]
    fn a_value_of_another_kind_and_a_placeholder_are_seen() {
        let faults = [
            ("{kind: integer}", "12", "abc"),
            ("{kind: boolean}", "true", "maybe"),
            ("{kind: url}", "https://a:1/b", "localhost"),
            ("{kind: url}", "redis://:pw@h:1/0", "postgres:///x"),
            ("{allowed: [a, b]}", "a", "c"),
            ("{kind: string}", "x", "changeme"),
        ];
        for (text, good, bad) in faults {
            assert_eq!(malformed("A", &rule(text), Some(good)), None, "{text}");
            assert!(malformed("A", &rule(text), Some(bad)).is_some(), "{text}");
        }
        assert!(malformed("A", &rule("{kind: colour}"), Some("red")).unwrap().contains("unknown kind"));
    }

    #[test]
    fn only_references_without_a_value_and_a_default_come_from_the_shell() {
        let file = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        assert_eq!(unresolved("# ${X}\na: ${A}\nb: ${B:-2}\nc: ${C}\n", &file), ["C"]);
    }

    #[test]
    fn short_repeated_and_placeholder_secrets_are_weak() {
        assert_eq!(weak("A", "k3J9sQ0vXz7LmP2w"), None);
        for value in ["k3J9sQ0v", "aaaaaaaaaaaaaaaabbbb", "changeme-changeme-1", "my-password-1234567"] {
            assert!(weak("A", value).is_some(), "{value}");
        }
    }
}
