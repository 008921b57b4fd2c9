//! A compose file as a tree of plain values, each with its place in the file it came from.

use std::collections::BTreeMap;
use std::fmt;

/// Where a value stands. Lines and columns count from 1; line 0 is nowhere: a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Index into the list of files that were read.
    pub file: u16,
    pub line: u32,
    pub column: u32,
}

/// What a node is beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tag {
    #[default]
    None,
    /// `!reset`: what earlier files say is dropped.
    Reset,
    /// `!override`: this replaces what earlier files say, instead of being merged into it.
    Override,
    /// A date without quotes, which YAML takes for more than text.
    Date,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    pub value: Value,
    pub place: Place,
    pub tag: Tag,
}

pub type Map = BTreeMap<String, Node>;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

impl Node {
    pub fn new(value: Value, place: Place) -> Self {
        Self { value, place, tag: Tag::None }
    }

    /// A value that no file holds.
    pub fn implied(value: impl Into<Value>) -> Self {
        Self::new(value.into(), Place::default())
    }

    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    pub fn map(&self) -> Option<&Map> {
        if let Value::Map(map) = &self.value { Some(map) } else { None }
    }

    pub fn map_mut(&mut self) -> Option<&mut Map> {
        if let Value::Map(map) = &mut self.value { Some(map) } else { None }
    }

    pub fn list(&self) -> Option<&[Node]> {
        if let Value::List(list) = &self.value { Some(list) } else { None }
    }

    pub fn list_mut(&mut self) -> Option<&mut Vec<Node>> {
        if let Value::List(list) = &mut self.value { Some(list) } else { None }
    }

    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.get(key)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.map_mut()?.get_mut(key)
    }

    /// The same place, another value.
    #[must_use]
    pub fn with(&self, value: impl Into<Value>) -> Self {
        Self::new(value.into(), self.place)
    }

    /// The tree as JSON, for the schema and for output.
    pub fn json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => Json::from(*value),
            Value::Float(value) => Json::from(*value),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(list) => Json::Array(list.iter().map(Self::json).collect()),
            Value::Map(map) => Json::Object(map.iter().map(|(k, v)| (k.clone(), v.json())).collect()),
        }
    }
}

/// A scalar as docker compose prints it where it wants text: `511` for `0777`, `1e+06` for `1e6`.
/// Lists and mappings give nothing.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Null | Value::List(_) | Value::Map(_) => Ok(()),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => f.write_str(&go_float(*value)),
            Value::Text(text) => f.write_str(text),
        }
    }
}

/// A float as Go's `%v` prints it: the shortest form, with an exponent below 1e-4 and from 1e6.
fn go_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let exponent = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let text = format!("{value:e}");
    let Some((digits, power)) = text.split_once('e') else { return text };
    let power: i32 = power.parse().unwrap_or_default();
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}
impl From<Vec<Node>> for Value {
    fn from(list: Vec<Node>) -> Self {
        Self::List(list)
    }
}

/// A path into the tree, matched against patterns such as `services.*.ports`.
#[derive(Debug, Clone, Default)]
pub struct Path(Vec<String>);

impl Path {
    #[must_use]
    pub fn below(&self, key: &str) -> Self {
        let mut parts = self.0.clone();
        parts.push(key.to_owned());
        Self(parts)
    }

    /// True where each part is that of the pattern, or the pattern's is `*`.
    pub fn is(&self, pattern: &str) -> bool {
        let mut parts = self.0.iter();
        let mut wanted = pattern.split('.');
        loop {
            match (parts.next(), wanted.next()) {
                (None, None) => return true,
                (Some(part), Some(want)) if want == "*" || part == want => {}
                _ => return false,
            }
        }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `services.web.ports[0]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            match part.as_str() {
                index if index.starts_with('[') => f.write_str(index)?,
                part if at == 0 => f.write_str(part)?,
                part => write!(f, ".{part}")?,
            }
        }
        Ok(())
    }
}

/// What docker compose would refuse, and where it stands.
#[derive(Debug, Clone)]
pub struct Fault {
    pub path: Path,
    pub place: Place,
    pub words: String,
}

impl Fault {
    pub fn new(path: &Path, node: &Node, words: impl Into<String>) -> Self {
        Self { path: path.clone(), place: node.place, words: words.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_go_prints_them() {
        for (value, text) in [
            (1.0, "1"),
            (1.1, "1.1"),
            (0.5, "0.5"),
            (1e6, "1e+06"),
            (123_456.5, "123456.5"),
            (12_345_678.0, "1.2345678e+07"),
            (2.5e-7, "2.5e-07"),
            (0.0, "0"),
        ] {
            assert_eq!(Node::implied(Value::Float(value)).to_string(), text);
        }
    }

    #[test]
    fn paths_match_patterns_and_print_indexes() {
        let path = Path::default().below("services").below("web").below("ports").below("[0]");
        assert!(path.is("services.*.ports.*") && !path.is("services.*.ports"));
        assert_eq!(path.to_string(), "services.web.ports[0]");
    }
}
