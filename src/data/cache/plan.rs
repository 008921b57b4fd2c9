//! What a copy of the keys would do: counts by rule, and the fields that nobody decided. No value.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use serde::Serialize;

use super::{BATCH, Caches, fields, rules};
use crate::config::data::{CacheAction, CacheRule};
use crate::data::mask::{Masker, Unmaskable};
use crate::failure::Failure;
use crate::redis::copy::{Entry, Source};

/// The plan for the keys.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CachePlan {
    /// In the order of `cache_copy.rules`.
    pub rules: Vec<CacheRulePlan>,
    /// Keys that no rule names: they stay behind.
    pub unnamed: u64,
    pub undecided: Vec<UndecidedField>,
}

#[derive(Debug, Clone, Serialize)]
pub struct CacheRulePlan {
    pub pattern: String,
    /// `skip`, `copy` or `mask`.
    pub action: String,
    pub keys: u64,
}

/// A field that a `mask` rule meets and does not decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UndecidedField {
    /// The rule's pattern.
    pub pattern: String,
    /// Where in the value, as `fields` names it.
    pub field: String,
}

impl CachePlan {
    /// # Errors
    /// `refused`, with entries to paste, when a field is undecided.
    pub fn decided(&self) -> Result<(), Failure> {
        if self.undecided.is_empty() { Ok(()) } else { Err(refusal(&self.undecided)) }
    }
}

/// For people: a line for each rule.
impl std::fmt::Display for CachePlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width =
            self.rules.iter().map(|rule| rule.pattern.chars().count()).max().unwrap_or_default().max(9);
        writeln!(f, "Redis keys")?;
        for rule in &self.rules {
            writeln!(f, "  {:width$}  {:4}  {:>7}", rule.pattern, rule.action, rule.keys)?;
        }
        writeln!(f, "  {:width$}  skip  {:>7}  no rule names them", "(others)", self.unnamed)?;
        for field in &self.undecided {
            writeln!(f, "  undecided: `{}` of `{}`", field.field, field.pattern)?;
        }
        Ok(())
    }
}

/// Looks at production's keys, and into the values that a `mask` rule meets. Writes nothing.
///
/// # Errors
/// `environment` when a server does not answer, `refused` when both are the same.
pub async fn plan(caches: &Caches<'_>, masker: &Masker) -> Result<CachePlan> {
    let (source, _) = caches.connect().await?;
    let mut plan = CachePlan { rules: caches.rules.iter().map(empty).collect(), ..CachePlan::default() };
    let mut undecided = BTreeSet::new();
    // A scan can name a key twice. Only keys that cross are remembered: sessions can be millions.
    let mut seen = BTreeSet::new();
    let mut cursor = 0;
    loop {
        let (next, keys) = source.scan(cursor).await?;
        let mut to_mask = Vec::new();
        for (rule, key) in caches.sort(&keys) {
            let Some(at) = rule else {
                plan.unnamed += 1;
                continue;
            };
            let action = caches.rules[at].action;
            if action != CacheAction::Skip && !seen.insert(key.clone()) {
                continue;
            }
            plan.rules[at].keys += 1;
            if action == CacheAction::Mask {
                to_mask.push(key.clone());
            }
        }
        for batch in to_mask.chunks(BATCH) {
            for entry in source.read(batch).await? {
                look_into(caches.rules, masker, &source, entry, &mut undecided).await?;
            }
        }
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    plan.undecided = undecided.into_iter().collect();
    Ok(plan)
}

fn empty(rule: &CacheRule) -> CacheRulePlan {
    CacheRulePlan { pattern: rule.pattern.clone(), action: rules::word(rule.action).to_owned(), keys: 0 }
}

async fn look_into(
    all: &[CacheRule],
    masker: &Masker,
    source: &Source,
    entry: Entry,
    undecided: &mut BTreeSet<UndecidedField>,
) -> Result<()> {
    let Some(rule) = rules::of(all, &entry.key).and_then(|at| all.get(at)) else { return Ok(()) };
    let mut part = Some(entry);
    while let Some(entry) = part {
        let outcome =
            fields::mask(&entry.value, &rule.fields, masker).map_err(|cause| unmaskable(rule, &cause))?;
        undecided.extend(named(rule, outcome.undecided));
        part = source.next(&entry).await?;
    }
    Ok(())
}

pub(super) fn named(rule: &CacheRule, paths: BTreeSet<String>) -> impl Iterator<Item = UndecidedField> {
    paths.into_iter().map(|field| UndecidedField { pattern: rule.pattern.clone(), field })
}

pub(super) fn unmaskable(rule: &CacheRule, cause: &Unmaskable) -> anyhow::Error {
    let hint = match cause {
        Unmaskable::Malformed(_) => "values that cannot be read as text cannot cross: `action: skip`",
        _ => "choose another strategy for that field in `cache_copy.rules` of stagectl.yml",
    };
    let message = format!("a value of `{}` cannot be masked: {cause}", rule.pattern);
    anyhow!(Failure::refused(message).hint(hint))
}

/// The refusal, with what to paste below each rule.
pub(super) fn refusal(undecided: &[UndecidedField]) -> Failure {
    let patterns: BTreeSet<&str> = undecided.iter().map(|field| field.pattern.as_str()).collect();
    let mut failure = Failure::refused(format!(
        "{} of Redis values {} undecided: {}",
        if undecided.len() == 1 { "1 field".to_owned() } else { format!("{} fields", undecided.len()) },
        if undecided.len() == 1 { "is" } else { "are" },
        undecided.iter().map(|u| format!("`{}` of `{}`", u.field, u.pattern)).collect::<Vec<_>>().join(", ")
    ));
    for pattern in patterns {
        let entries: Vec<String> = undecided
            .iter()
            .filter(|field| field.pattern == pattern)
            .map(|field| format!("'{}': {}", field.field.replace('\'', "''"), proposal(&field.field)))
            .collect();
        failure = failure.hint(format!(
            "decide in `cache_copy.rules` of stagectl.yml: {{pattern: '{}', action: mask, fields: {{…, {}}}}}",
            pattern.replace('\'', "''"),
            entries.join(", ")
        ));
    }
    failure
}

/// A strategy to begin with, from the field's name. The safest where the name tells nothing.
fn proposal(field: &str) -> &'static str {
    let name = field.rsplit(['.', ':']).next().unwrap_or(field).trim_end_matches("[]").to_ascii_lowercase();
    let known = [
        ("mail", "email"),
        ("phone", "phone"),
        ("mobile", "phone"),
        ("username", "username"),
        ("firstname", "short-name"),
        ("lastname", "short-name"),
        ("name", "name"),
        ("author", "name"),
        ("street", "street"),
        ("address", "address"),
        ("city", "city"),
        ("postcode", "postcode"),
        ("iban", "iban"),
        ("token", "token"),
        ("url", "url"),
    ];
    let word = known.iter().find(|(part, _)| name.contains(part)).map(|(_, word)| *word);
    match name.as_str() {
        "to" | "from" | "cc" | "bcc" => "email",
        "ip" => "ip",
        "id" => "{keep: a key}",
        _ => word.unwrap_or("text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_line_for_each_rule() {
        let rule = |pattern: &str, action: &str, keys| CacheRulePlan {
            pattern: pattern.into(),
            action: action.into(),
            keys,
        };
        let plan = CachePlan {
            rules: vec![rule("session:*", "skip", 12), rule("cache:user:*", "mask", 500)],
            unnamed: 3,
            undecided: vec![UndecidedField { pattern: "cache:user:*".into(), field: "note".into() }],
        };
        let expected = "Redis keys\n  session:*     skip       12\n  cache:user:*  mask      500\n  \
                        (others)      skip        3  no rule names them\n  undecided: `note` of `cache:user:*`\n";
        assert_eq!(plan.to_string(), expected);
    }

    #[test]
    fn a_refusal_brings_entries_to_paste_that_are_read_back() {
        let field = |field: &str| UndecidedField { pattern: "cache:user:*".into(), field: field.into() };
        let plan = CachePlan {
            undecided: vec![field("email"), field("items[].note"), field("id")],
            ..CachePlan::default()
        };
        let failure = plan.decided().unwrap_err();
        assert_eq!(failure.class, crate::failure::Class::Refused);
        let pasted = failure.hints[0].split_once(": {").map(|(_, rule)| format!("{{{rule}")).unwrap();
        let rule: CacheRule = serde_yaml::from_str(&pasted.replace("…, ", "")).unwrap();
        assert_eq!(rule.fields.len(), 3);
        assert_eq!(rule.fields["email"].0.word(), "email");
        assert_eq!(rule.fields["items[].note"].0.word(), "text");
        assert!(CachePlan::default().decided().is_ok());
    }
}
