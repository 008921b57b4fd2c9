//! The published schema of compose files (compose-spec, Apache-2.0): unknown keys and wrong types, each with
//! the place where it stands.

use std::sync::OnceLock;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;

use super::tree::{Fault, Node, Path, Place, Tag, Value};

const SCHEMA: &str = include_str!("compose-spec.json");

fn validator() -> Option<&'static Validator> {
    static VALIDATOR: OnceLock<Option<Validator>> = OnceLock::new();
    VALIDATOR
        .get_or_init(|| {
            let schema = serde_json::from_str(SCHEMA).ok()?;
            jsonschema::options().should_validate_formats(false).build(&schema).ok()
        })
        .as_ref()
}

/// Checks a merged tree; the deepest misfit is the one to name.
pub fn check(root: &Node) -> Result<(), Fault> {
    if let Some((path, place)) = date(root, &Path::default()) {
        let words = "is a date to YAML: put it in quotes".to_owned();
        return Err(Fault { path, place, words });
    }
    let Some(validator) = validator() else { return Ok(()) };
    let json = root.json();
    let mut deepest: Option<Fault> = None;
    for error in validator.iter_errors(&json) {
        let pointer = error.instance_path().to_string();
        let misfit = name(root, &pointer, error.kind());
        if deepest.as_ref().is_none_or(|known| misfit.path.len() > known.path.len()) {
            deepest = Some(misfit);
        }
    }
    deepest.map_or(Ok(()), Err)
}

/// The first date without quotes outside of what is anybody's own.
fn date(node: &Node, path: &Path) -> Option<(Path, Place)> {
    match &node.value {
        _ if node.tag == Tag::Date => Some((path.clone(), node.place)),
        Value::List(list) => {
            list.iter().enumerate().find_map(|(at, one)| date(one, &path.below(&format!("[{at}]"))))
        }
        Value::Map(map) => map
            .iter()
            .filter(|(key, _)| !key.starts_with("x-"))
            .find_map(|(key, one)| date(one, &path.below(key))),
        _ => None,
    }
}

fn name(root: &Node, pointer: &str, kind: &ValidationErrorKind) -> Fault {
    let (mut node, mut path) = (root, Path::default());
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let (next, shown) = match &node.value {
            Value::List(list) => {
                (part.parse::<usize>().ok().and_then(|at| list.get(at)), format!("[{part}]"))
            }
            _ => (node.get(&part), part),
        };
        let Some(next) = next else { break };
        (node, path) = (next, path.below(&shown));
    }
    let words = match kind {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            if let Some(key) = unexpected.first() {
                if let Some(value) = node.get(key) {
                    node = value;
                }
                path = path.below(key);
            }
            "is not a key of compose files".to_owned()
        }
        ValidationErrorKind::Type { kind } => format!("must be {}", types(&format!("{kind:?}"))),
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            "has a form that compose files do not know".to_owned()
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => "fits more than one form".to_owned(),
        ValidationErrorKind::UniqueItems => "names something twice".to_owned(),
        ValidationErrorKind::Required { property } => {
            format!("needs the key `{}`", property.as_str().unwrap_or_default())
        }
        ValidationErrorKind::Enum { options } => format!("must be one of {options}"),
        ValidationErrorKind::Pattern { pattern } => format!("does not fit `{pattern}`"),
        ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
        _ => "does not fit the schema of compose files".to_owned(),
    };
    Fault::new(&path, node, words)
}

/// `a string`, `a number or a string`, out of the library's own words.
fn types(debug: &str) -> String {
    let known = [
        ("Object", "a mapping"),
        ("Array", "a list"),
        ("String", "text"),
        ("Boolean", "true or false"),
        ("Integer", "a whole number"),
        ("Number", "a number"),
        ("Null", "nothing"),
    ];
    let words: Vec<&str> =
        known.iter().filter(|(name, _)| debug.contains(name)).map(|(_, word)| *word).collect();
    words.join(" or ")
}
