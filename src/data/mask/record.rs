//! Composite values (`(a,"b c",,"say ""hi""")`) rewritten field by field.

use super::Unmaskable;

/// As [`super::VisitPart`], with the field's place from 0.
type VisitField<'v> = dyn FnMut(usize, &str) -> Result<Option<String>, Unmaskable> + 'v;

/// Calls `visit` with the place and value of each field that is not NULL; `None` puts NULL in its place.
///
/// # Errors
/// A text that is no composite value; what the visitor refuses.
pub fn rewrite(text: &str, visit: &mut VisitField<'_>) -> Result<String, Unmaskable> {
    let inside = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let mut letters = inside.ok_or(Unmaskable::Malformed("composite value"))?.chars().peekable();
    let mut out = "(".to_owned();
    for place in 0.. {
        let mut field: Option<String> = None;
        let mut quoted = false;
        loop {
            let c = match letters.peek() {
                None => break,
                Some(',') if !quoted => break,
                Some(&c) => c,
            };
            letters.next();
            let value = field.get_or_insert_default();
            match c {
                '"' if quoted && letters.peek() == Some(&'"') => {
                    letters.next();
                    value.push('"');
                }
                '"' => quoted = !quoted,
                '\\' => value.push(letters.next().ok_or(Unmaskable::Malformed("composite value"))?),
                c => value.push(c),
            }
        }
        if quoted {
            return Err(Unmaskable::Malformed("composite value"));
        }
        if let Some(masked) = field.map(|field| visit(place, &field)).transpose()?.flatten() {
            out.push('"');
            for c in masked.chars() {
                if matches!(c, '"' | '\\') {
                    out.push(c);
                }
                out.push(c);
            }
            out.push('"');
        }
        match letters.next() {
            Some(_) => out.push(','),
            None => break,
        }
    }
    out.push(')');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_visited_and_quoted() {
        let mut seen = Vec::new();
        let out = rewrite(r#"(a,"b, ""c"" \\",,"",d\,e)"#, &mut |place, value| {
            seen.push((place, value.to_owned()));
            Ok((value != "a").then(|| value.to_owned()))
        });
        assert_eq!(out.unwrap(), r#"(,"b, ""c"" \\",,"","d,e")"#);
        let seen: Vec<(usize, &str)> = seen.iter().map(|(place, value)| (*place, value.as_str())).collect();
        assert_eq!(seen, [(0, "a"), (1, r#"b, "c" \"#), (3, ""), (4, "d,e")]);
        assert_eq!(rewrite("()", &mut |_, _| Ok(None)).unwrap(), "()");
        for broken in ["", "(", "a", r#"("a)"#, r"(\)"] {
            assert!(rewrite(broken, &mut |_, _| Ok(None)).is_err(), "{broken}");
        }
    }
}
