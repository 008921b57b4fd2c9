//! The small values of a compose file: scalars as docker compose prints them, sizes,
//! durations and command lines.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};

/// A scalar as text: `true`, `15`, `0.5` and `x` alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scalar(pub String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Scalar;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string, a number or a boolean")
            }
            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar(value.to_owned()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// A size in bytes, written as `512m`, `1g`, `1.5gb`, `1024`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub i64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Scalar::deserialize(deserializer)?.0;
        bytes(&text)
            .map(Size)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is not a size such as `512m` or `1g`")))
    }
}

/// Bytes of a size; units are powers of 1024.
pub fn bytes(text: &str) -> Option<i64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim().to_ascii_lowercase();
    let factor = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 1_u64,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        "p" => 1 << 50,
        _ => return None,
    };
    Some((number * factor as f64) as i64)
}

/// A duration as docker compose writes it: `90s`, `1m30s`, `1h`, `500ms`, `1d`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanos = 0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            "w" => 604_800e9,
            _ => return None,
        };
        rest = &rest[end..];
        nanos += number * unit;
    }
    (!text.trim().is_empty()).then(|| Duration::from_nanos(nanos.round() as u64))
}

/// A duration as Go prints it: `1m30s`, `500ms`, `1h0m0s`.
pub fn go_duration(time: Duration) -> String {
    let nanos = time.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    if nanos < 1_000 {
        return format!("{nanos}ns");
    }
    if nanos < 1_000_000 {
        return format!("{}µs", nanos as f64 / 1e3);
    }
    if nanos < 1_000_000_000 {
        return format!("{}ms", nanos as f64 / 1e6);
    }
    let seconds = (nanos % 60_000_000_000) as f64 / 1e9;
    let minutes = time.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// Splits a command line into words the way a shell reads quotes and backslashes. As docker compose does,
/// it stops where a shell would begin another command or redirect.
pub fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            // A command to substitute is one word, left as it is.
            (Some('`'), '`') | (Some(')'), ')') => {
                word.get_or_insert_default().push(c);
                quote = None;
            }
            (Some('`' | ')'), c) => word.get_or_insert_default().push(c),
            (None, '`') => {
                word.get_or_insert_default().push(c);
                quote = Some('`');
            }
            (None, '(') if word.as_deref().is_some_and(|word| word.ends_with('$')) => {
                word.get_or_insert_default().push(c);
                quote = Some(')');
            }
            (Some(q), c) if c == q => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some('"'), '\\') => {
                let next = chars.next()?;
                if !matches!(next, '"' | '\\' | '$' | '`') {
                    word.get_or_insert_default().push('\\');
                }
                word.get_or_insert_default().push(next);
            }
            (None, '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, ';' | '&' | '|' | '<') => break,
            (None, '>') => {
                // The number of a stream belongs to the redirection.
                word.take_if(|word| word.starts_with(|c: char| c.is_ascii_digit()));
                break;
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(bytes("512m"), Some(536_870_912));
        assert_eq!(bytes("1.5gb"), Some(1_610_612_736));
        assert_eq!(bytes("1024"), Some(1024));
        assert_eq!(bytes("64KiB"), Some(65_536));
        assert_eq!(bytes("many"), None);
    }

    #[test]
    fn durations_read_like_compose_and_print_like_go() {
        for (text, printed) in [
            ("90s", "1m30s"),
            ("15s", "15s"),
            ("500ms", "500ms"),
            ("1h", "1h0m0s"),
            ("1.5s", "1.5s"),
            ("0", "0s"),
            ("1m0s", "1m0s"),
        ] {
            assert_eq!(duration(text).map(go_duration).as_deref(), Some(printed), "{text}");
        }
        assert_eq!(duration("soon"), None);
        assert_eq!(duration("15"), None);
        assert_eq!(duration(""), None);
    }

    #[test]
    fn a_command_line_splits_as_in_a_shell() {
        assert_eq!(
            words(r#"sh -c 'a "b"' "c d" e\ f ''"#).unwrap(),
            ["sh", "-c", "a \"b\"", "c d", "e f", ""]
        );
        assert_eq!(words("a `b c` $(d e)f").unwrap(), ["a", "`b c`", "$(d e)f"]);
        assert_eq!(words("a b 2>f").unwrap(), ["a", "b"]);
        assert_eq!(words("a 'b;c' d; e").unwrap(), ["a", "b;c", "d"]);
        assert!(words("sh -c 'open").is_none());
    }
}
