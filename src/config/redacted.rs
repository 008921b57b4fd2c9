//! The resolved settings without a secret in them: what is secret is never even looked up.

use anyhow::{Context as _, Result};
use regex::Regex;
use serde_json::Value;

use super::file::EnvSource;
use super::{Settings, env};

const HIDDEN: &str = "****";
const NOT_MADE: &str = "(not made yet)";
const NOT_SET: &str = "(not set)";

/// The settings as a document that may be shown to anybody.
pub fn document(settings: &Settings) -> Result<Value> {
    let mut document = serde_json::to_value(&settings.config).context("print the settings")?;
    if let Some(variables) = document.get_mut("env").and_then(Value::as_object_mut) {
        for (name, value) in variables {
            *value = variable(settings, name).into();
        }
    }
    let services = document.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(|services| services.values_mut()) {
        let environment = service.get_mut("environment").and_then(Value::as_object_mut);
        for (name, value) in environment.into_iter().flatten() {
            if let Some(text) = value.as_str() {
                *value =
                    if is_literal_secret(name, text) { HIDDEN.into() } else { expand(settings, text).into() };
            }
        }
    }
    // Below `masking` and `copy`, `password` is the name of a column, and `env` is done.
    let sections = document.as_object_mut().into_iter().flatten();
    for (_, section) in sections.filter(|(name, _)| !["env", "masking", "copy"].contains(&name.as_str())) {
        hide_literal_secrets(section);
    }
    if let Some(key) = document.pointer_mut("/masking/key")
        && key.as_str().is_some_and(|text| is_literal_secret("SECRET", text))
    {
        *key = HIDDEN.into();
    }
    hide_url_passwords(&mut document)?;
    drop_nulls(&mut document);
    Ok(document)
}

/// A variable of `env`, with secrets hidden.
fn variable(settings: &Settings, name: &str) -> String {
    match settings.config.env.get(name) {
        Some(EnvSource::Literal(text)) if is_literal_secret(name, &text.0) => HIDDEN.to_owned(),
        Some(EnvSource::Literal(text)) => expand(settings, &text.0),
        Some(_) if settings.to_generate.contains_key(name) => NOT_MADE.to_owned(),
        Some(_) => HIDDEN.to_owned(),
        // From outside: nobody said that it is not a secret.
        None if settings.variable(name).is_some() => HIDDEN.to_owned(),
        None => NOT_SET.to_owned(),
    }
}

fn expand(settings: &Settings, text: &str) -> String {
    let mut lookup = |name: &str| match variable(settings, name) {
        value if value == NOT_SET => None,
        value => Some(value),
    };
    env::expand(text, &mut lookup).unwrap_or_else(|_| NOT_SET.to_owned())
}

/// A secret that somebody wrote down.
fn is_literal_secret(name: &str, text: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let telling = ["PASSWORD", "SECRET", "TOKEN", "PRIVATE", "API_KEY", "CREDENTIAL", "_DSN"];
    !text.is_empty() && env::references(text).is_empty() && telling.iter().any(|word| name.contains(word))
}

/// Those that stand in stagectl.yml itself, by the name of their key.
fn hide_literal_secrets(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, item) in map {
                if item.as_str().is_some_and(|text| is_literal_secret(name, text)) {
                    *item = HIDDEN.into();
                }
                hide_literal_secrets(item);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_literal_secrets),
        _ => {}
    }
}

fn hide_url_passwords(value: &mut Value) -> Result<()> {
    let password = Regex::new(r"(://[^/\s:@]*):([^/\s@]+)@")?;
    walk(value, &mut |text| {
        if password.is_match(text) {
            *text = password.replace_all(text, "$1:****@").into_owned();
        }
    });
    Ok(())
}

fn walk(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Object(map) => map.values_mut().for_each(|item| walk(item, change)),
        _ => {}
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, item| !item.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::load;

    #[test]
    fn what_is_shown_holds_names_and_no_secret() {
        let text = "version: 1\nproject: x\nenv:\n  S: {generate: hex}\n  LATER: {generate: hex}\n  N: one\n  URL: 'redis://:${S}@r:6379'\n  \
                    DB_PASSWORD: hunter2\n  LITERAL_URL: 'postgres://u:hunter3@h/d'\nservices:\n  a:\n    image: a:1\n    \
                    environment: {A: '${OUT}', B: '${URL}', C: '${N}', D: '${GONE}', API_KEY: hunter4}\n";
        let existing = BTreeMap::from([("S".to_owned(), "hunter1".to_owned())]);
        let outside = BTreeMap::from([("OUT".to_owned(), "hunter5".to_owned())]);
        let settings =
            Settings::resolve("/".into(), load::parse(text, None).unwrap(), &existing, outside).unwrap();
        let shown = document(&settings).unwrap();
        assert!(!shown.to_string().contains("hunter"), "{shown:#}");
        assert_eq!(shown["env"]["N"], "one");
        assert_eq!(shown["env"]["LATER"], NOT_MADE);
        assert_eq!(shown["env"]["LITERAL_URL"], "postgres://u:****@h/d");
        assert_eq!(shown["services"]["a"]["environment"]["B"], "redis://:****@r:6379");
        assert_eq!(shown["services"]["a"]["environment"]["C"], "one");
        assert_eq!(shown["services"]["a"]["environment"]["D"], NOT_SET);
    }
}
