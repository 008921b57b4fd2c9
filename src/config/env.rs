//! Env files and `${NAME}`: read, written and expanded the way docker compose does it.

use std::collections::BTreeMap;

use crate::failure::Failure;

const CORRECT: &str = "correct the line, or put `#` before it";

/// Parses an env file: `NAME=value`, `export NAME=value`, comments, single and double quotes.
/// A line that is none of these is an error that names its number.
pub fn parse(text: &str, file: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut values = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            return Err(Failure::config(format!("{file}:{}: expected `NAME=value`", index + 1)).hint(CORRECT));
        };
        let name = name.trim();
        if !is_name(name) {
            // The name is not quoted: in a broken line it may be part of a secret.
            return Err(Failure::config(format!(
                "{file}:{}: what stands before `=` is not a variable name",
                index + 1
            ))
            .hint(CORRECT));
        }
        values.insert(name.to_owned(), unquote(value.trim()));
    }
    Ok(values)
}

fn unquote(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')) {
        return inner.to_owned();
    }
    if let Some(inner) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        return unescape(inner);
    }
    value.split(" #").next().unwrap_or(value).trim_end().to_owned()
}

/// Undoes the escapes of double quotes, left to right.
fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some(next @ ('"' | '$' | '\\'))) => out.push(next),
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            _ => {
                out.push(c);
                continue;
            }
        }
        chars.next();
    }
    out
}

/// One line of an env file. Single quotes keep `$` literal for docker compose.
pub fn line(name: &str, value: &str) -> String {
    // A backslash at the end would escape the closing quote.
    if value.contains(['\'', '\n', '\r']) || value.ends_with('\\') {
        let escaped = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "\\$")
            .replace('\n', "\\n")
            .replace('\r', "\\r");
        format!("{name}=\"{escaped}\"")
    } else {
        format!("{name}='{value}'")
    }
}

pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The names that `text` refers to by `${NAME…}`.
pub fn references(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let _ = expand(text, &mut |name| {
        names.push(name.to_owned());
        Some(String::new())
    });
    names
}

/// Replaces `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$`.
/// A name that `lookup` does not know, without a default, is an error that names it.
pub fn expand(text: &str, lookup: &mut dyn FnMut(&str) -> Option<String>) -> Result<String, Failure> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let Some(end) = after.find('}') else {
                return Err(Failure::config(format!("`{text}`: `${{` without `}}`")));
            };
            let inner = &after[..end];
            rest = &after[end + 1..];
            let (name, operator) =
                inner.find([':', '-', '?']).map_or((inner, ""), |at| (&inner[..at], &inner[at..]));
            if !is_name(name) {
                return Err(Failure::config(format!("`{text}`: `{name}` is not a variable name")));
            }
            let value = lookup(name);
            let value = if operator.starts_with(':') { value.filter(|v| !v.is_empty()) } else { value };
            let operator = operator.strip_prefix(':').unwrap_or(operator);
            match (value, operator.strip_prefix('-'), operator.strip_prefix('?')) {
                (Some(value), _, _) => out.push_str(&value),
                (None, Some(default), _) => out.push_str(default),
                (None, _, message) => {
                    let message = message.filter(|m| !m.is_empty()).unwrap_or("it is not set");
                    return Err(Failure::config(format!("`{name}`: {message}"))
                        .hint(format!("set `{name}` in the environment or in the env file")));
                }
            }
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<String, Failure> {
        expand(text, &mut |name| (name == "A").then(|| "1".to_owned()))
    }

    #[test]
    fn names_defaults_and_escapes_are_expanded() {
        assert_eq!(with("x${A}y$$z${B:-two}").unwrap(), "x1y$ztwo");
        assert!(with("${B}").unwrap_err().message.contains("`B`"));
        assert!(with("${B:?say why}").unwrap_err().message.contains("say why"));
        assert!(with("${A").is_err());
    }

    #[test]
    fn a_written_line_is_read_back() {
        for value in [
            "plain",
            "with space",
            "it's",
            "do$llar",
            "a\"b",
            "back\\slash'",
            "two\nlines'",
            "end\\",
            "\\n'",
            "'\\$x",
            "'\\\\",
        ] {
            let text = line("NAME", value);
            assert_eq!(parse(&text, "x").unwrap()["NAME"], value, "{text}");
        }
    }
}
