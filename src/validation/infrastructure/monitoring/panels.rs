//! The queries of the dashboards, as Prometheus can be asked them.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// Title and expression of each query of each dashboard.
pub(super) fn read(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let Ok(entries) = fs_err::read_dir(folder) else { return Ok(found) };
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "json")) {
        let text = fs_err::read_to_string(file).map_err(|error| error.to_string())?;
        let dashboard: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        collect_panels(&dashboard, &name, &mut found);
    }
    Ok(found)
}

/// Rows hold panels of their own.
fn collect_panels(parent: &Value, dashboard: &str, found: &mut Vec<(String, String)>) {
    for panel in parent.get("panels").and_then(Value::as_array).into_iter().flatten() {
        let title = panel.get("title").and_then(Value::as_str).unwrap_or("untitled");
        for target in panel.get("targets").and_then(Value::as_array).into_iter().flatten() {
            if let Some(expression) = target.get("expr").and_then(Value::as_str).filter(|e| !e.is_empty()) {
                found.push((format!("{dashboard} / {title}"), expression.to_owned()));
            }
        }
        collect_panels(panel, dashboard, found);
    }
}

static VARIABLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)(?::[a-z]+)?\}?").ok());

/// An expression with Grafana's variables replaced: times by times, all others by "any".
pub(super) fn concrete(expression: &str) -> String {
    let Some(variable) = VARIABLE.as_ref() else { return expression.to_owned() };
    variable
        .replace_all(expression, |found: &regex::Captures<'_>| {
            match found.get(1).map_or("", |name| name.as_str()) {
                "__rate_interval" | "__interval" => "5m",
                "__range" => "1h",
                _ => ".*",
            }
        })
        .into_owned()
}

/// Percent-encodes all but the unreserved characters.
pub(super) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn panels_in_rows_are_found_and_their_variables_replaced() {
        let dashboard = json!({"panels": [{"title": "Row", "panels": [
            {"title": "Rate", "targets": [{"expr": "rate(x{job=~\"$job\"}[$__rate_interval])"}, {"expr": ""}]}]}]});
        let mut found = Vec::new();
        collect_panels(&dashboard, "d", &mut found);
        assert_eq!(found.len(), 1);
        assert_eq!(concrete(&found[0].1), "rate(x{job=~\".*\"}[5m])");
        assert_eq!(encode("a b+c"), "a%20b%2Bc");
    }
}
