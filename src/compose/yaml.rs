//! YAML to a tree, with the rules of the reader that docker compose uses (go-yaml v3): YAML 1.1 numbers
//! (`0777` is octal), YAML 1.2 booleans (`yes` is text), merge keys, duplicate keys refused.
//!
//! Rules observed on docker compose 2.40.3.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag as YamlTag};

use super::tree::{Map, Node, Place, Tag, Value};

/// Aliases may not blow a small file up to more nodes than this.
const MOST_NODES: usize = 200_000;

/// A text that is no YAML, or none that docker compose takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub place: Place,
    pub words: String,
}

/// Reads every document of a text; an empty one gives no node.
///
/// # Errors
/// What is not YAML, a duplicate key, a key that is no text, an unknown alias.
pub fn documents(text: &str, file: u16) -> Result<Vec<Node>, Refused> {
    let mut reader = Reader { parser: Parser::new_from_str(text), file, anchors: HashMap::new(), nodes: 0 };
    let mut documents = Vec::new();
    loop {
        let (event, _) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(documents),
            Event::DocumentStart(_) => {
                let (event, span) = reader.next()?;
                let node = reader.node(event, span)?;
                if !node.is_null() {
                    documents.push(node);
                }
            }
            _ => {}
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    file: u16,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn place(&self, mark: Marker) -> Place {
        Place { file: self.file, line: mark.line() as u32, column: mark.col() as u32 + 1 }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Refused> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                Err(Refused { place: self.place(*error.marker()), words: error.info().to_owned() })
            }
            None => Ok((Event::StreamEnd, Span::empty(Marker::default()))),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, Refused> {
        let place = self.place(span.start);
        self.count(1, place)?;
        let mut date = false;
        let (value, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                date = style == ScalarStyle::Plain && tag.is_none() && is_date(&text);
                let value = match tag.as_deref() {
                    Some(tag) if is_core(tag, "str") => Value::Text(text.into_owned()),
                    _ if style == ScalarStyle::Plain => plain(&text),
                    Some(tag) if is_core(tag, "int") || is_core(tag, "bool") || is_core(tag, "float") => {
                        plain(&text)
                    }
                    _ => Value::Text(text.into_owned()),
                };
                (value, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => {
                let mut list = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::SequenceEnd {
                        break;
                    }
                    list.push(self.node(event, span)?);
                }
                (Value::List(list), anchor, tag)
            }
            Event::MappingStart(anchor, tag) => (Value::Map(self.mapping()?), anchor, tag),
            Event::Alias(id) => {
                let node = self.anchors.get(&id).cloned();
                let node = node.ok_or_else(|| refuse(place, "an alias to what is not known here"))?;
                self.count(size(&node), place)?;
                return Ok(node);
            }
            _ => return Err(refuse(place, "a value was expected")),
        };
        let tag = if date { Tag::Date } else { merge_tag(tag.as_deref()) };
        let node = Node { value, place, tag };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn mapping(&mut self) -> Result<Map, Refused> {
        let (mut map, mut merged) = (Map::new(), Map::new());
        loop {
            let (event, span) = self.next()?;
            let place = self.place(span.start);
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, style, ..) => {
                    let merge = text == "<<" && style == ScalarStyle::Plain;
                    // Keys such as `80` and `true` are texts to compose.
                    let key = if style == ScalarStyle::Plain {
                        Node::new(plain(&text), place)
                    } else {
                        Node::new(Value::Text(text.into_owned()), place)
                    };
                    if merge { None } else { Some(key) }
                }
                _ => return Err(refuse(place, "a key must be a plain word")),
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            let Some(key) = key else {
                merge(&mut merged, &value)
                    .ok_or_else(|| refuse(place, "`<<` takes a mapping or a list of mappings"))?;
                continue;
            };
            if key.is_null() {
                return Err(refuse(place, "a key must be a plain word"));
            }
            let name = key.to_string();
            if map.contains_key(&name) {
                return Err(refuse(place, &format!("`{name}` is defined twice")));
            }
            map.insert(name, value);
        }
        for (key, value) in merged {
            map.entry(key).or_insert(value);
        }
        Ok(map)
    }

    fn count(&mut self, more: usize, place: Place) -> Result<(), Refused> {
        self.nodes += more;
        if self.nodes > MOST_NODES {
            return Err(refuse(place, "its aliases unfold to too much"));
        }
        Ok(())
    }
}

fn refuse(place: Place, words: &str) -> Refused {
    Refused { place, words: words.to_owned() }
}

/// What `<<` brings: earlier mappings of a list win over later ones.
fn merge(into: &mut Map, value: &Node) -> Option<()> {
    match &value.value {
        Value::Map(map) => {
            for (key, value) in map {
                into.entry(key.clone()).or_insert_with(|| value.clone());
            }
            Some(())
        }
        Value::List(list) => list.iter().try_for_each(|one| one.map().and_then(|_| merge(into, one))),
        _ => None,
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(list) => list.iter().map(size).sum(),
        Value::Map(map) => map.values().map(size).sum(),
        _ => 0,
    }
}

fn is_core(tag: &YamlTag, suffix: &str) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == suffix
}

fn merge_tag(tag: Option<&YamlTag>) -> Tag {
    match tag {
        Some(tag) if tag.handle == "!" && tag.suffix == "reset" => Tag::Reset,
        Some(tag) if tag.handle == "!" && tag.suffix == "override" => Tag::Override,
        _ => Tag::None,
    }
}

/// `2024-01-02`, with or without a time.
fn is_date(text: &str) -> bool {
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let day = rest.split(['T', 't', ' ']).next().unwrap_or_default();
    let time = &rest[day.len()..];
    digits(year, 4, 4) && digits(month, 1, 2) && digits(day, 1, 2) && (time.is_empty() || time.contains(':'))
}

/// A plain scalar.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let first = text.as_bytes().first().copied().unwrap_or_default();
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Value::Text(text.to_owned());
    }
    let number = text.replace('_', "");
    integer(&number)
        .map(Value::Int)
        .or_else(|| float(&number).map(Value::Float))
        .unwrap_or_else(|| Value::Text(text.to_owned()))
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    i64::from_str_radix(digits, radix).ok().map(|number| sign * number)
}

/// Digits with a point or an exponent, as YAML writes them; not Rust's `inf` or `1e`.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let good = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| {
            let e = e.strip_prefix(['+', '-']).unwrap_or(e);
            !e.is_empty() && digits(e)
        });
    good.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        documents(text, 0).unwrap().remove(0)
    }

    #[test]
    fn scalars_are_read_as_docker_compose_reads_them() {
        for (text, printed) in [
            ("yes", "yes"),
            ("on", "on"),
            ("True", "true"),
            ("0777", "511"),
            ("0o17", "15"),
            ("0x1F", "31"),
            ("1_000", "1000"),
            ("1.0", "1"),
            ("1.10", "1.1"),
            ("1e3", "1000"),
            (".inf", "+Inf"),
            ("12:30:45", "12:30:45"),
            ("'0777'", "0777"),
            ("08", "8"),
            ("1.2.3", "1.2.3"),
        ] {
            assert_eq!(one(&format!("a: {text}")).get("a").unwrap().to_string(), printed, "{text}");
        }
        assert!(one("a: ~").get("a").unwrap().is_null());
    }

    #[test]
    fn merge_keys_give_way_to_keys_of_the_mapping_itself() {
        let node = one("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [{c: 1}, {c: 2, d: 2}]}");
        assert_eq!(node.get("y").unwrap().json(), serde_json::json!({"a": 1, "b": 3}));
        assert_eq!(node.get("z").unwrap().json(), serde_json::json!({"c": 1, "d": 2}));
    }

    #[test]
    fn duplicate_keys_and_bad_yaml_are_refused_with_their_place() {
        let refused = documents("a: 1\nb: 2\na: 3\n", 4).unwrap_err();
        assert_eq!((refused.place.file, refused.place.line), (4, 3));
        assert!(refused.words.contains("`a` is defined twice"));
        assert_eq!(documents("a:\n  - b\n c: [", 0).unwrap_err().place.line, 3);
        assert!(documents("", 0).unwrap().is_empty());
    }

    #[test]
    fn aliases_cannot_blow_a_file_up() {
        let mut text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for i in 1..9 {
            let refs = vec![format!("*a{}", i - 1); 10].join(",");
            text += &format!("a{i}: &a{i} [{refs}]\n");
        }
        assert!(documents(&text, 0).unwrap_err().words.contains("too much"));
    }

    #[test]
    fn tags_of_merges_are_kept() {
        let node = one("a: !reset null\nb: !override [1]\nc: !other x");
        assert_eq!(node.get("a").unwrap().tag, Tag::Reset);
        assert_eq!(node.get("b").unwrap().tag, Tag::Override);
        assert_eq!(node.get("c").unwrap().tag, Tag::None);
    }
}
