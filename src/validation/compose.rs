//! Words of the compose file that several checks read.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use crate::config::{Settings, env};

/// A scalar as text; empty for anything else.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => String::new(),
    }
}

/// The scalars of a list, or the keys of a map.
pub fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Sequence(list)) => list.iter().map(text).collect(),
        Some(Value::Mapping(map)) => map.keys().map(text).collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(scalar) => vec![text(scalar)],
    }
}

/// The services by name.
pub fn services(compose: &Value) -> BTreeMap<String, &Value> {
    let map = compose.get("services").and_then(Value::as_mapping);
    map.map(|map| map.iter().map(|(name, service)| (text(name), service)).collect()).unwrap_or_default()
}

/// The keys of the networks that a service is in.
pub fn networks(service: &Value) -> BTreeSet<String> {
    words(service.get("networks")).into_iter().collect()
}

/// The variables that the file gives a service: those of its env files, then its own, as `docker
/// compose` would set them. May hold secrets: never print the values.
///
/// # Errors
/// Names the variable or the file that cannot be resolved.
pub fn environment(settings: &Settings, service: &Value) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    for file in words(service.get("env_file")) {
        let text = fs_err::read_to_string(settings.root.join(&file)).map_err(|error| error.to_string())?;
        found.extend(env::parse(&text, &file).map_err(|failure| failure.message)?);
    }
    let own: Vec<(String, String)> = match service.get("environment") {
        Some(Value::Mapping(map)) => map.iter().map(|(name, value)| (text(name), text(value))).collect(),
        Some(Value::Sequence(list)) => list
            .iter()
            .map(|line| {
                let line = text(line);
                line.split_once('=').map_or((line.clone(), String::new()), |(k, v)| (k.into(), v.into()))
            })
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in own {
        let value = settings.expand(&value).map_err(|error| format!("{name}: {error:#}"))?;
        found.insert(name, value);
    }
    Ok(found)
}
