//! JSON rewritten leaf by leaf: numbers, order and white space that are not masked stay byte for byte.

use super::Unmaskable;

/// A scalar inside a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf<'a> {
    Text(String),
    Number(&'a str),
    /// `true`, `false` or `null`.
    Word(&'a str),
}

/// What happens to a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    Keep,
    Null,
    Text(String),
}

type Visit<'v> = dyn FnMut(&str, &Leaf<'_>) -> Result<Replacement, Unmaskable> + 'v;

/// Calls `visit` with the path and value of every leaf and puts its answers in place.
/// Paths: `a.b`, `items[].note`; `.` is a text that is one scalar.
pub fn rewrite(text: &str, visit: &mut Visit<'_>) -> Result<String, Unmaskable> {
    let mut walker = Walker { text, at: 0, out: String::with_capacity(text.len()) };
    walker.value("", visit)?;
    walker.space();
    if walker.at == text.len() { Ok(walker.out) } else { Err(Unmaskable::Malformed("JSON")) }
}

/// Every string of the text, keys included, decoded.
pub fn strings(text: &str) -> Result<Vec<String>, Unmaskable> {
    let mut found = Vec::new();
    rewrite(text, &mut |path, leaf| {
        if let Leaf::Text(value) = leaf {
            found.push(value.clone());
        }
        found.push(path.to_owned());
        Ok(Replacement::Keep)
    })?;
    Ok(found)
}

/// Whether a rule's pattern covers a path. `*` is any one key, a trailing `**` everything below.
pub fn covers(pattern: &str, path: &str) -> bool {
    fn matches(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern, path) {
            (["**"], [_, ..]) => true,
            ([], []) => true,
            ([p, pattern @ ..], [s, path @ ..]) => {
                let star = p.strip_prefix('*').is_some_and(|rest| {
                    s.len() > rest.len() && s.ends_with(rest) && (rest.starts_with('[') || rest.is_empty())
                });
                (p == s || star) && matches(pattern, path)
            }
            _ => false,
        }
    }
    if pattern == path {
        return true;
    }
    matches(&pattern.split('.').collect::<Vec<_>>(), &path.split('.').collect::<Vec<_>>())
}

struct Walker<'t> {
    text: &'t str,
    at: usize,
    out: String,
}

impl<'t> Walker<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn copy(&mut self, from: usize) {
        self.out.push_str(&self.text[from..self.at]);
    }

    fn space(&mut self) {
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
        self.copy(from);
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unmaskable> {
        if self.peek() != Some(byte) {
            return Err(Unmaskable::Malformed("JSON"));
        }
        self.out.push(byte.into());
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, path: &str, visit: &mut Visit<'_>) -> Result<(), Unmaskable> {
        self.space();
        match self.peek() {
            Some(b'{') => self.object(path, visit),
            Some(b'[') => self.array(path, visit),
            Some(_) => self.leaf(path, visit),
            None => Err(Unmaskable::Malformed("JSON")),
        }
    }

    fn object(&mut self, path: &str, visit: &mut Visit<'_>) -> Result<(), Unmaskable> {
        self.expect(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            return self.expect(b'}');
        }
        loop {
            self.space();
            let from = self.at;
            let key = self.string()?;
            self.copy(from);
            self.space();
            self.expect(b':')?;
            let below = if path.is_empty() { key } else { format!("{path}.{key}") };
            self.value(&below, visit)?;
            self.space();
            match self.peek() {
                Some(b',') => self.expect(b',')?,
                _ => return self.expect(b'}'),
            }
        }
    }

    fn array(&mut self, path: &str, visit: &mut Visit<'_>) -> Result<(), Unmaskable> {
        self.expect(b'[')?;
        self.space();
        if self.peek() == Some(b']') {
            return self.expect(b']');
        }
        let below = format!("{path}[]");
        loop {
            self.value(&below, visit)?;
            self.space();
            match self.peek() {
                Some(b',') => self.expect(b',')?,
                _ => return self.expect(b']'),
            }
        }
    }

    fn leaf(&mut self, path: &str, visit: &mut Visit<'_>) -> Result<(), Unmaskable> {
        let path = if path.is_empty() { "." } else { path };
        let from = self.at;
        let leaf = match self.peek() {
            Some(b'"') => Leaf::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Leaf::Number(self.word()),
            _ => match self.word() {
                word @ ("true" | "false" | "null") => Leaf::Word(word),
                _ => return Err(Unmaskable::Malformed("JSON")),
            },
        };
        match visit(path, &leaf)? {
            Replacement::Keep => self.copy(from),
            Replacement::Null => self.out.push_str("null"),
            Replacement::Text(text) => {
                let is_number = matches!(leaf, Leaf::Number(_))
                    && serde_json::from_str::<serde_json::Number>(&text).is_ok();
                if is_number {
                    self.out.push_str(&text);
                } else {
                    self.out.push_str(&serde_json::Value::String(text).to_string());
                }
            }
        }
        Ok(())
    }

    fn word(&mut self) -> &'t str {
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
            self.at += 1;
        }
        &self.text[from..self.at]
    }

    /// Passes over a string and decodes it; copying is the caller's.
    fn string(&mut self) -> Result<String, Unmaskable> {
        let from = self.at;
        if self.peek() != Some(b'"') {
            return Err(Unmaskable::Malformed("JSON"));
        }
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(Unmaskable::Malformed("JSON")),
            }
        }
        self.at += 1;
        let literal = self.text.get(from..self.at).ok_or(Unmaskable::Malformed("JSON"))?;
        serde_json::from_str(literal).map_err(|_| Unmaskable::Malformed("JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_masked_stays_byte_for_byte() {
        let text = r#"{ "a": 12345678901234567890.10, "b":[1,{"c":"\u00e9"}], "e":{} }"#;
        assert_eq!(rewrite(text, &mut |_, _| Ok(Replacement::Keep)).unwrap(), text);
        let masked = rewrite(text, &mut |path, _| {
            Ok(if path == "b[].c" { Replacement::Text("x\"y".into()) } else { Replacement::Keep })
        });
        assert_eq!(masked.unwrap(), r#"{ "a": 12345678901234567890.10, "b":[1,{"c":"x\"y"}], "e":{} }"#);
    }

    #[test]
    fn paths_name_keys_and_arrays() {
        let mut paths = Vec::new();
        rewrite(r#"[{"a":{"b":1}},[true]]"#, &mut |path, _| {
            paths.push(path.to_owned());
            Ok(Replacement::Keep)
        })
        .unwrap();
        assert_eq!(paths, ["[].a.b", "[][]"]);
        assert!(covers("social.*", "social.x") && !covers("social.*", "social.x.y"));
        assert!(covers("a.**", "a.b.c") && covers("**", "a") && !covers("a", "a.b"));
        assert!(covers("*[].x", "items[].x"));
    }

    #[test]
    fn broken_json_is_an_error_and_no_panic() {
        for text in ["", "{", "{\"a\"", "[1,", "\"\\", "nul", "{} x", "{\"a\":\"\\"] {
            assert!(rewrite(text, &mut |_, _| Ok(Replacement::Keep)).is_err(), "{text}");
        }
    }
}
