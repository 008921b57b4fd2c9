//! `hstore` values (`"a"=>"b", "c"=>NULL`) rewritten key by key.

use super::{Unmaskable, VisitPart};

/// Calls `visit` with each key and value that is not NULL; `None` puts NULL in its place.
///
/// # Errors
/// A text that is no `hstore`; what the visitor refuses.
pub fn rewrite(text: &str, visit: &mut VisitPart<'_>) -> Result<String, Unmaskable> {
    let mut rest = text.trim();
    let mut out = String::with_capacity(text.len());
    while !rest.is_empty() {
        let (key, after) = quoted(rest)?;
        let after =
            after.trim_start().strip_prefix("=>").ok_or(Unmaskable::Malformed("hstore"))?.trim_start();
        let (value, after) = if let Some(after) = after.strip_prefix("NULL") {
            (None, after)
        } else {
            let (value, after) = quoted(after)?;
            (Some(value), after)
        };
        push(&key, &mut out);
        out.push_str("=>");
        match value.map(|value| visit(&key, &value)).transpose()?.flatten() {
            Some(masked) => push(&masked, &mut out),
            None => out.push_str("NULL"),
        }
        rest = after.trim_start();
        if let Some(more) = rest.strip_prefix(',') {
            out.push_str(", ");
            rest = more.trim_start();
        } else if !rest.is_empty() {
            return Err(Unmaskable::Malformed("hstore"));
        }
    }
    Ok(out)
}

/// A quoted word, as the server always writes them, and what comes after it.
fn quoted(text: &str) -> Result<(String, &str), Unmaskable> {
    let mut letters = text.strip_prefix('"').ok_or(Unmaskable::Malformed("hstore"))?.char_indices();
    let mut word = String::new();
    while let Some((at, c)) = letters.next() {
        match c {
            '"' => return Ok((word, &text[at + 2..])),
            '\\' => word.push(letters.next().ok_or(Unmaskable::Malformed("hstore"))?.1),
            c => word.push(c),
        }
    }
    Err(Unmaskable::Malformed("hstore"))
}

fn push(word: &str, out: &mut String) {
    out.push('"');
    for c in word.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_visited_with_its_key() {
        let text = r#""a"=>"b", "c \"d\""=>"e\\, \"f\"", "g"=>NULL"#;
        assert_eq!(rewrite(text, &mut |_, value| Ok(Some(value.to_owned()))).unwrap(), text);
        let masked = rewrite(text, &mut |key, _| Ok((key == "a").then(|| "x".to_owned())));
        assert_eq!(masked.unwrap(), r#""a"=>"x", "c \"d\""=>NULL, "g"=>NULL"#);
        assert_eq!(rewrite("", &mut |_, _| Ok(None)).unwrap(), "");
        for broken in ["a=>b", r#""a"=>"b"#, r#""a" "b""#, r#""a"=>"b" "c"=>"d""#] {
            assert!(rewrite(broken, &mut |_, _| Ok(None)).is_err(), "{broken}");
        }
    }
}
