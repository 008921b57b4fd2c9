//! Quoting. The template engine puts every string through these, so that no value can leave its place.

use std::io::Write;

/// Words that YAML 1.1 or 1.2 readers take for something other than text.
const RESERVED: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan"];

/// A YAML scalar that every reader takes for this text: plain where that is safe,
/// single-quoted where possible, double-quoted where it must be escaped.
pub fn yaml(value: &str) -> String {
    if is_plain(value) {
        value.to_owned()
    } else if value.chars().all(is_printable) {
        format!("'{}'", value.replace('\'', "''"))
    } else {
        double_quoted(value)
    }
}

fn is_plain(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !RESERVED.contains(&value.to_ascii_lowercase().as_str())
}

/// What may stand in single quotes: one line, nothing invisible.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~')
        || (c > '\u{9f}' && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'))
}

fn double_quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// An nginx parameter. nginx has no escape for `$`, so the configuration defines `$dollar`;
/// where a directive takes no variables, the value must have been checked to hold none.
pub fn nginx(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:*%+-=@".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "${dollar}");
    format!("\"{escaped}\"")
}

/// `$$` for docker compose, which would otherwise replace `$NAME`.
pub fn compose(value: &str) -> String {
    value.replace('$', "$$")
}

pub(super) fn write_yaml(value: &str, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(yaml(value).as_bytes())
}

pub(super) fn write_nginx(value: &str, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(nginx(value).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_back_from_yaml(value in ".*|[\\x00-\\x7f]*|[a-z0-9~:#&*!|>'\"%@` -]*") {
            let text = format!("outer:\n  key: {}\n  list:\n    - {}\n", yaml(&value), yaml(&value));
            let read: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
            prop_assert_eq!(read["outer"]["key"].as_str(), Some(value.as_str()));
            prop_assert_eq!(read["outer"]["list"][0].as_str(), Some(value.as_str()));
        }

        #[test]
        fn no_text_leaves_its_nginx_parameter(value in "[ -~]*") {
            let quoted = nginx(&value);
            prop_assert_eq!(read_nginx(&quoted), Some(value), "{}", quoted);
        }
    }

    /// Reads one parameter as nginx's `ngx_conf_read_token` does; `None` where it would end early.
    fn read_nginx(text: &str) -> Option<String> {
        let Some(inner) = text.strip_prefix('"') else {
            return text.chars().all(|c| !" ;{}\"'\\$#".contains(c)).then(|| text.to_owned());
        };
        let mut chars = inner.chars();
        let mut out = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\\' => out.push(chars.next()?),
                '"' => return chars.next().is_none().then(|| out.replace("${dollar}", "$")),
                c => out.push(c),
            }
        }
        None
    }

    #[test]
    fn words_that_yaml_would_read_as_something_else_are_quoted() {
        for word in [
            "true",
            "No",
            "null",
            "1.0",
            "0x1f",
            "12:30",
            "~",
            "",
            " a",
            "a: b",
            "1001-stories",
            ".inf",
            "=",
            "<<",
        ] {
            assert!(yaml(word).starts_with('\''), "{word} -> {}", yaml(word));
        }
        assert_eq!(yaml("app-staging"), "app-staging");
    }
}
