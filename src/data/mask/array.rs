//! Array literals (`{a,"b c",NULL,{…}}`) rewritten element by element.

use super::Unmaskable;

/// Calls `visit` with each element that is not NULL; `None` puts NULL in its place.
pub fn rewrite(
    text: &str,
    visit: &mut dyn FnMut(&str) -> Result<Option<String>, Unmaskable>,
) -> Result<String, Unmaskable> {
    // Bounds other than 1 stand before the braces: `[0:1]={a,b}`.
    let start = text.find('{').ok_or(Unmaskable::Malformed("array"))?;
    let mut out = text[..start].to_owned();
    let mut letters = text[start..].chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '{' | '}' | ',' => out.push(c),
            '"' => {
                let mut element = String::new();
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => element.push(letters.next().ok_or(Unmaskable::Malformed("array"))?),
                        Some(c) => element.push(c),
                        None => return Err(Unmaskable::Malformed("array")),
                    }
                }
                push(&mut out, visit(&element)?);
            }
            c => {
                let mut element = c.to_string();
                while let Some(&next) = letters.peek() {
                    if matches!(next, ',' | '}') {
                        break;
                    }
                    element.push(next);
                    letters.next();
                }
                if element == "NULL" { out.push_str("NULL") } else { push(&mut out, visit(&element)?) }
            }
        }
    }
    Ok(out)
}

fn push(out: &mut String, element: Option<String>) {
    match element {
        None => out.push_str("NULL"),
        Some(element) => {
            out.push('"');
            for c in element.chars() {
                if matches!(c, '"' | '\\') {
                    out.push('\\');
                }
                out.push(c);
            }
            out.push('"');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_is_visited_and_quoted() {
        let mut seen = Vec::new();
        let out = rewrite(r#"{a,"b \"c\"",NULL,{d}}"#, &mut |e| {
            seen.push(e.to_owned());
            Ok((e != "d").then(|| format!("<{e}>")))
        });
        assert_eq!(out.unwrap(), r#"{"<a>","<b \"c\">",NULL,{NULL}}"#);
        assert_eq!(seen, ["a", "b \"c\"", "d"]);
        assert_eq!(rewrite("{}", &mut |_| Ok(None)).unwrap(), "{}");
    }
}
