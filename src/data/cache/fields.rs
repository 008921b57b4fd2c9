//! A Redis value led through the rules of its fields: what is masked, what crosses, what nobody decided.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::config::masking::{Rule, Strategy};
use crate::data::mask::json::{self, Leaf, Replacement};
use crate::data::mask::{Masker, Shape, Unmaskable};
use crate::redis::copy::Value;

type Rules = BTreeMap<String, Rule>;

/// What became of a value.
#[derive(Debug, Default)]
pub struct Outcome {
    /// `None`: nothing of it is left.
    pub value: Option<Value>,
    /// Values, fields and elements that were replaced.
    pub masked: u64,
    /// Texts that cross as they are: kept values, field names, JSON keys.
    pub crossing: BTreeSet<String>,
    /// Fields that no rule covers, as patterns to paste.
    pub undecided: BTreeSet<String>,
}

/// Masks a value, field by field.
///
/// # Errors
/// A value that its strategy cannot mask.
pub fn mask(value: &Value, rules: &Rules, masker: &Masker) -> Result<Outcome, Unmaskable> {
    // Members of a set must stay as many.
    let unique = matches!(value, Value::Set(_) | Value::SortedSet(_));
    let shape = Shape { unique, ..Shape::default() };
    let mut walk = Walk { rules, masker, shape, outcome: Outcome::default() };
    let result = walk.value(value)?;
    Ok(Outcome { value: result, ..walk.outcome })
}

/// Every text of a value that crosses whole, decoded where it is JSON.
///
/// # Errors
/// A value that is no text: nobody can tell what it holds.
pub fn texts(value: &Value) -> Result<BTreeSet<String>, Unmaskable> {
    let parts: Vec<&Vec<u8>> = match value {
        Value::Text(text) => vec![text],
        Value::Hash(pairs) => pairs.iter().flat_map(|(field, value)| [field, value]).collect(),
        Value::List(elements) | Value::Set(elements) => elements.iter().collect(),
        Value::SortedSet(members) => members.iter().map(|(member, _)| member).collect(),
        Value::Other(_) => Vec::new(),
    };
    let mut found = BTreeSet::new();
    for part in parts {
        let text = std::str::from_utf8(part).map_err(|_| Unmaskable::Malformed("text"))?;
        if let Some(json) = container(text) {
            strings(&json, true, &mut found);
        }
        found.insert(text.to_owned());
    }
    Ok(found)
}

struct Walk<'a> {
    rules: &'a Rules,
    masker: &'a Masker,
    shape: Shape,
    outcome: Outcome,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value) -> Result<Option<Value>, Unmaskable> {
        Ok(match value {
            Value::Text(text) => self.text(".", text)?.map(Value::Text),
            Value::Hash(pairs) => {
                let mut masked = Vec::with_capacity(pairs.len());
                for (field, value) in pairs {
                    let name = String::from_utf8_lossy(field).into_owned();
                    let crossing = self.text(&name, value)?;
                    self.outcome.crossing.insert(name);
                    masked.extend(crossing.map(|value| (field.clone(), value)));
                }
                (!masked.is_empty()).then_some(Value::Hash(masked))
            }
            Value::List(elements) => self.elements(elements)?.map(Value::List),
            Value::Set(members) => self.elements(members)?.map(Value::Set),
            Value::SortedSet(members) => {
                let mut masked = Vec::with_capacity(members.len());
                for (member, score) in members {
                    masked.extend(self.text("[]", member)?.map(|member| (member, score.clone())));
                }
                (!masked.is_empty()).then_some(Value::SortedSet(masked))
            }
            Value::Other(_) => None,
        })
    }

    fn elements(&mut self, elements: &[Vec<u8>]) -> Result<Option<Vec<Vec<u8>>>, Unmaskable> {
        let mut masked = Vec::with_capacity(elements.len());
        for element in elements {
            masked.extend(self.text("[]", element)?);
        }
        Ok((!masked.is_empty()).then_some(masked))
    }

    /// One text at its place: `.`, a hash's field, or `[]`. Its own rule first, then its JSON leaves'.
    fn text(&mut self, place: &str, bytes: &[u8]) -> Result<Option<Vec<u8>>, Unmaskable> {
        let text = String::from_utf8_lossy(bytes);
        let prefix = if place == "." { "" } else { place };
        let rules = self.rules;
        let rule = match rules.get(place).map(|rule| &rule.0) {
            Some(Strategy::Json(leaves)) => return Ok(Some(self.json("", leaves, &text)?.into_bytes())),
            None if container(&text).is_some() => {
                return Ok(Some(self.json(prefix, rules, &text)?.into_bytes()));
            }
            None => closest(rules, place),
            rule => rule,
        };
        match rule {
            Some(Strategy::Keep(_)) if std::str::from_utf8(bytes).is_err() => {
                Err(Unmaskable::Malformed("text"))
            }
            Some(strategy) => Ok(self.plain(strategy, &text)?.map(String::into_bytes)),
            None => {
                self.outcome.undecided.insert(pattern(place));
                Ok(None)
            }
        }
    }

    fn json(&mut self, prefix: &str, rules: &Rules, text: &str) -> Result<String, Unmaskable> {
        if let Some(json) = container(text) {
            strings(&json, false, &mut self.outcome.crossing);
        }
        json::rewrite(text, &mut |path, leaf| {
            let path = join(prefix, path);
            let text = match leaf {
                Leaf::Word(_) => return Ok(Replacement::Keep),
                Leaf::Text(text) => text.as_str(),
                Leaf::Number(number) => number,
            };
            match closest(rules, &path) {
                Some(strategy @ Strategy::Keep(_)) => {
                    self.plain(strategy, text)?;
                    Ok(Replacement::Keep)
                }
                Some(strategy) => {
                    Ok(self.plain(strategy, text)?.map_or(Replacement::Null, Replacement::Text))
                }
                None => {
                    self.outcome.undecided.insert(pattern(&path));
                    Ok(Replacement::Keep)
                }
            }
        })
    }

    fn plain(&mut self, strategy: &Strategy, text: &str) -> Result<Option<String>, Unmaskable> {
        if matches!(strategy, Strategy::Keep(_)) {
            self.outcome.crossing.insert(text.to_owned());
        } else {
            self.outcome.masked += 1;
        }
        self.masker.mask(strategy, text, &self.shape)
    }
}

/// The rule of a path: its own, else the longest pattern that covers it.
fn closest<'r>(rules: &'r Rules, path: &str) -> Option<&'r Strategy> {
    let covering = || {
        let covering = rules.iter().filter(|(pattern, _)| json::covers(pattern, path));
        covering.max_by_key(|(pattern, _)| pattern.len()).map(|(_, rule)| rule)
    };
    rules.get(path).or_else(covering).map(|rule| &rule.0)
}

fn join(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", path) => path.to_owned(),
        (prefix, ".") => prefix.to_owned(),
        (prefix, path) if path.starts_with('[') => format!("{prefix}{path}"),
        (prefix, path) => format!("{prefix}.{path}"),
    }
}

/// A path with `*` in place of what does not look like a name: such a key can be a person's.
fn pattern(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('.') {
        // An address has dots of its own.
        if segment.contains('@') {
            segments.push("**".to_owned());
            break;
        }
        let name = segment.trim_end_matches("[]");
        let plain = name.len() <= 40
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        segments.push(if plain { segment.to_owned() } else { format!("*{}", &segment[name.len()..]) });
    }
    segments.join(".")
}

fn container(text: &str) -> Option<Json> {
    text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

/// The keys of a document, and its texts too when `values` is set.
fn strings(json: &Json, values: bool, found: &mut BTreeSet<String>) {
    match json {
        Json::String(text) if values => {
            found.insert(text.clone());
        }
        Json::Array(items) => items.iter().for_each(|item| strings(item, values, found)),
        Json::Object(map) => {
            for (key, item) in map {
                found.insert(key.clone());
                strings(item, values, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
