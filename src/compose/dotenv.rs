//! Files of variables as docker compose reads them: `.env` and those of `env_file`.
//!
//! `NAME=value`, `export NAME=value`, `NAME: value`; single quotes are literal, double quotes know escapes and span
//! lines, and `$NAME` is expanded outside single quotes, from the lines above first.

use std::collections::{BTreeMap, BTreeSet};

use super::interpolate::{Lookup, text_of};

/// A line that is none of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    pub line: usize,
    pub words: String,
}

/// Reads a file of variables. A name without a value takes the one of `lookup`, if there is one.
///
/// # Errors
/// The first line that cannot be read.
pub fn parse(text: &str, lookup: &Lookup<'_>) -> Result<BTreeMap<String, String>, BadLine> {
    let mut variables = BTreeMap::new();
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut rest = text.as_str();
    let mut line = 1;
    while !rest.is_empty() {
        let (first, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let trimmed = first.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = after;
            line += 1;
            continue;
        }
        let bad = |words: &str| BadLine { line, words: words.to_owned() };
        let trimmed = trimmed.strip_prefix("export ").map_or(trimmed, str::trim_start);
        let end = trimmed
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']')))
            .unwrap_or(trimmed.len());
        let (name, tail) = trimmed.split_at(end);
        if name.is_empty() {
            return Err(bad("a variable's name was expected"));
        }
        let tail = tail.trim_start_matches([' ', '\t']);
        let Some(value) = tail.strip_prefix(['=', ':']) else {
            if !tail.is_empty() && !tail.starts_with('#') {
                return Err(bad(&format!("`=` was expected after `{name}`")));
            }
            if let Some(value) = lookup(name) {
                variables.insert(name.to_owned(), value);
            }
            rest = after;
            line += 1;
            continue;
        };
        let value = value.trim_start_matches([' ', '\t']);
        // From the value on, in the whole rest: quotes may span lines.
        let from = &rest[first.len() - value.len()..];
        let (raw, kind, length) = match from.chars().next() {
            Some(quote @ ('\'' | '"')) => {
                let end = close(&from[1..], quote).ok_or_else(|| bad("a quote does not close"))?;
                (&from[1..=end], Some(quote), end + 2)
            }
            _ => (unquoted(value), None, value.len()),
        };
        let expand = |text: &str, known: &BTreeMap<String, String>| {
            let look = |name: &str| known.get(name).cloned().or_else(|| lookup(name));
            text_of(text, &look, &mut BTreeSet::new()).map_err(|_| bad("a `$` expression cannot be read"))
        };
        let value = match kind {
            Some('\'') => raw.to_owned(),
            Some(_) => expand(&escapes(raw), &variables)?,
            None => expand(raw, &variables)?,
        };
        variables.insert(name.to_owned(), value);
        let consumed = &from[..length];
        line += consumed.matches('\n').count() + 1;
        let behind = &from[length..];
        rest = behind.split_once('\n').map_or("", |(_, after)| after);
    }
    Ok(variables)
}

fn unquoted(value: &str) -> &str {
    let value = match value.find(" #").or_else(|| value.find("\t#")) {
        Some(at) => &value[..at],
        None if value.starts_with('#') => "",
        None => value,
    };
    value.trim_end()
}

/// Where the quote closes that opened before `text`.
fn close(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == quote && !escaped {
            return Some(at);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

fn escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('$') => out.push_str("$$"),
            Some(quoted @ ('"' | '\\')) => out.push(quoted),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_expansion_and_names_alone() {
        let text = "# c\nA=1\nexport B = two words # c\nC='$A #x'\nD=\"$A\\t${B}\\\"\"\nE=${A}x\nHOST\nNONE\nF=\"a\nb\"\nG: y\nH=a#b\nI=\n";
        let lookup = |name: &str| (name == "HOST").then(|| "h".to_owned());
        let found = parse(text, &lookup).unwrap();
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "$A #x"),
            ("D", "1\ttwo words\""),
            ("E", "1x"),
            ("F", "a\nb"),
            ("G", "y"),
            ("H", "a#b"),
            ("HOST", "h"),
            ("I", ""),
        ];
        assert_eq!(found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let none = |_: &str| None;
        assert_eq!(parse("A=1\n\n= 2\n", &none).unwrap_err().line, 3);
        assert_eq!(parse("A=\"x\nb", &none).unwrap_err().line, 1);
        assert_eq!(parse("A B\n", &none).unwrap_err().line, 1);
    }
}
