//! XML rewritten by path: texts and attributes; tags stay, comments and instructions go.

use super::{Unmaskable, VisitPart};

/// Calls `visit` with the path and value of each text that is not white space (`person/name`) and each
/// attribute (`person/@id`) and puts its answers in place; `None` leaves nothing.
///
/// # Errors
/// A text that is not well-formed, or declares entities of its own; what the visitor refuses.
pub fn rewrite(text: &str, visit: &mut VisitPart<'_>) -> Result<String, Unmaskable> {
    let broken = || Unmaskable::Malformed("XML");
    let mut out = String::with_capacity(text.len());
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.split_once("-->").ok_or_else(broken)?.1;
        } else if let Some(after) = rest.strip_prefix("<![CDATA[") {
            let (data, after) = after.split_once("]]>").ok_or_else(broken)?;
            push(visit(&open.join("/"), data)?, &mut out);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("<?") {
            let (instruction, after) = after.split_once("?>").ok_or_else(broken)?;
            // The declaration of version and encoding is no data.
            if instruction.starts_with("xml ") {
                out.push_str(&rest[..instruction.len() + 4]);
            }
            rest = after;
        } else if rest.starts_with("<!") {
            return Err(broken());
        } else if let Some(after) = rest.strip_prefix("</") {
            let (name, after) = after.split_once('>').ok_or_else(broken)?;
            if open.pop() != Some(name.trim()) {
                return Err(broken());
            }
            out.push_str("</");
            out.push_str(name);
            out.push('>');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('<') {
            rest = tag(after, &mut open, &mut out, visit)?;
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let (raw, after) = rest.split_at(end);
            if raw.trim().is_empty() {
                out.push_str(raw);
            } else {
                push(visit(&open.join("/"), &unescape(raw)?)?, &mut out);
            }
            rest = after;
        }
    }
    if open.is_empty() { Ok(out) } else { Err(broken()) }
}

/// A start tag without its `<`; gives what comes after it.
fn tag<'t>(
    text: &'t str,
    open: &mut Vec<&'t str>,
    out: &mut String,
    visit: &mut VisitPart<'_>,
) -> Result<&'t str, Unmaskable> {
    let broken = || Unmaskable::Malformed("XML");
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).ok_or_else(broken)?;
    let name = &text[..end];
    if name.is_empty() {
        return Err(broken());
    }
    open.push(name);
    out.push('<');
    out.push_str(name);
    let mut rest = text[end..].trim_start();
    loop {
        if let Some(after) = rest.strip_prefix("/>") {
            open.pop();
            out.push_str("/>");
            return Ok(after);
        }
        if let Some(after) = rest.strip_prefix('>') {
            out.push('>');
            return Ok(after);
        }
        let (attribute, after) = rest.split_once('=').ok_or_else(broken)?;
        let (attribute, after) = (attribute.trim(), after.trim_start());
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(broken)?;
        let (raw, after) = after[1..].split_once(quote).ok_or_else(broken)?;
        out.push(' ');
        out.push_str(attribute);
        out.push_str("=\"");
        if attribute == "xmlns" || attribute.starts_with("xmlns:") {
            out.push_str(&raw.replace('"', "&quot;"));
        } else {
            push(visit(&format!("{}/@{attribute}", open.join("/")), &unescape(raw)?)?, out);
        }
        out.push('"');
        rest = after.trim_start();
    }
}

fn push(value: Option<String>, out: &mut String) {
    for c in value.unwrap_or_default().chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

fn unescape(raw: &str) -> Result<String, Unmaskable> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';').ok_or(Unmaskable::Malformed("XML"))?;
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let c = match entity {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match entity.strip_prefix("#x") {
                Some(digits) => number(digits, 16),
                None => entity.strip_prefix('#').and_then(|digits| number(digits, 10)),
            },
        };
        out.push(c.ok_or(Unmaskable::Malformed("XML"))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_attributes_are_visited_by_path() {
        let text = "<?xml version=\"1.0\"?>\n<p id='7' xmlns=\"urn:x\"><n>J&#252;rgen &amp; Co</n>\n\
                    <!-- jane --><e/><![CDATA[<raw>]]></p>";
        let mut seen = Vec::new();
        let out = rewrite(text, &mut |path, value| {
            seen.push(format!("{path}={value}"));
            Ok(Some(if path == "p/n" { "a<b".to_owned() } else { value.to_owned() }))
        });
        assert_eq!(seen, ["p/@id=7", "p/n=Jürgen & Co", "p=<raw>"]);
        assert_eq!(
            out.unwrap(),
            "<?xml version=\"1.0\"?>\n<p id=\"7\" xmlns=\"urn:x\"><n>a&lt;b</n>\n<e/>&lt;raw&gt;</p>"
        );
    }

    #[test]
    fn broken_xml_is_an_error_and_no_panic() {
        for text in
            ["<", "<a", "<a>", "</a>", "<a></b>", "<a b>", "<a b=c/>", "&x;", "<!DOCTYPE a>", "<!--", "<é"]
        {
            assert!(rewrite(text, &mut |_, _| Ok(None)).is_err(), "{text}");
        }
    }
}
