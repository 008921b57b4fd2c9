//! A cell's rule led to each plain value in it: array elements, JSON leaves, or the cell itself.

use super::mask::{Base, Shape, Unmaskable, array, hstore, json, record, xml};
use super::model::Column;
use crate::config::masking::{Rule, Strategy};
use std::collections::BTreeMap;

/// Sees a plain value with its rule and answers what stands in its place; `None` is NULL.
pub type Visit<'v> = dyn FnMut(&Strategy, &Shape, &str) -> Result<Option<String>, Unmaskable> + 'v;

/// What a mask of this column must fit.
pub fn shape(column: &Column) -> Shape {
    Shape {
        max_chars: column.max_chars,
        unique: column.unique || column.in_key,
        base: Base::of(&column.base_type),
    }
}

/// Rewrites a cell, value by value.
///
/// # Errors
/// A text inside of it that no rule covers; what the visitor refuses.
pub fn rewrite(
    strategy: &Strategy,
    column: &Column,
    text: &str,
    visit: &mut Visit<'_>,
) -> Result<Option<String>, Unmaskable> {
    let shape = shape(column);
    let is_json = matches!(column.base_type.as_str(), "json" | "jsonb");
    match strategy {
        Strategy::Null | Strategy::Constant(_) | Strategy::Keep(_) => visit(strategy, &shape, text),
        Strategy::Elements(rule) if is_json && !column.is_array => leaves(&rule.0, text, visit).map(Some),
        _ if column.is_array => {
            array::rewrite(text, &mut |text| element(strategy, column, text, visit)).map(Some)
        }
        _ => value(strategy, column, &shape, text, visit),
    }
}

/// One value, no array: by its parts where its rule names parts.
fn value(
    strategy: &Strategy,
    column: &Column,
    shape: &Shape,
    text: &str,
    visit: &mut Visit<'_>,
) -> Result<Option<String>, Unmaskable> {
    let plain = Shape::default();
    match strategy {
        Strategy::Null | Strategy::Constant(_) | Strategy::Keep(_) => visit(strategy, shape, text),
        Strategy::Json(_) => leaves(strategy, text, visit).map(Some),
        _ if matches!(column.base_type.as_str(), "json" | "jsonb") => leaves(strategy, text, visit).map(Some),
        Strategy::Xml(rules) => xml::rewrite(text, &mut |path, part| {
            let rule = closest_element(rules, path);
            visit(rule.ok_or_else(|| Unmaskable::UndecidedField(path.to_owned()))?, &plain, part)
        })
        .map(Some),
        // One rule for a whole document or record is one rule for each of its parts.
        _ if column.base_type == "xml" => {
            xml::rewrite(text, &mut |_, part| visit(strategy, &plain, part)).map(Some)
        }
        Strategy::Hstore(rules) => hstore::rewrite(text, &mut |key, part| {
            let rule = rules.get(key).or_else(|| rules.get("*"));
            // A key can be data: it is not named.
            visit(&rule.ok_or_else(|| Unmaskable::UndecidedField("*".to_owned()))?.0, &plain, part)
        })
        .map(Some),
        _ if column.base_type == "hstore" => {
            hstore::rewrite(text, &mut |_, part| visit(strategy, &plain, part)).map(Some)
        }
        Strategy::Composite(rules) => record::rewrite(text, &mut |place, part| {
            let name = column.fields.get(place).map_or("", String::as_str);
            let rule = rules.get(name).or_else(|| rules.get("*"));
            visit(&rule.ok_or_else(|| Unmaskable::UndecidedField(name.to_owned()))?.0, &plain, part)
        })
        .map(Some),
        _ if !column.fields.is_empty() => {
            record::rewrite(text, &mut |_, part| visit(strategy, &plain, part)).map(Some)
        }
        _ => visit(strategy, shape, text),
    }
}

/// The rule of a path of elements: its own, else the longest pattern that covers it.
fn closest_element<'r>(rules: &'r BTreeMap<String, Rule>, path: &str) -> Option<&'r Strategy> {
    let covering = rules.iter().filter(|(pattern, _)| {
        pattern.as_str() == path || json::covers(&pattern.replace('/', "."), &path.replace('/', "."))
    });
    covering.max_by_key(|(pattern, _)| (pattern.as_str() == path, pattern.len())).map(|(_, rule)| &rule.0)
}

/// Rewrites one element of an array.
///
/// # Errors
/// As [`rewrite`].
pub fn element(
    strategy: &Strategy,
    column: &Column,
    text: &str,
    visit: &mut Visit<'_>,
) -> Result<Option<String>, Unmaskable> {
    let rule = if let Strategy::Elements(rule) = strategy { &rule.0 } else { strategy };
    value(rule, column, &shape(column), text, visit)
}

/// Rules by path, or one rule for every text.
fn leaves(strategy: &Strategy, text: &str, visit: &mut Visit<'_>) -> Result<String, Unmaskable> {
    let shape = Shape::default();
    json::rewrite(text, &mut |path, leaf| {
        let rule = match strategy {
            Strategy::Json(rules) => closest(rules, path),
            one => Some(one),
        };
        let value = match (leaf, rule) {
            (json::Leaf::Word(_), _) | (_, Some(Strategy::Keep(_))) => return Ok(json::Replacement::Keep),
            (json::Leaf::Number(_), None) => return Ok(json::Replacement::Keep),
            (json::Leaf::Text(_), None) => return Err(Unmaskable::UndecidedPath(path.to_owned())),
            (json::Leaf::Text(value), Some(_)) => value.as_str(),
            (json::Leaf::Number(value), Some(_)) => value,
        };
        let Some(rule) = rule else { return Ok(json::Replacement::Keep) };
        Ok(visit(rule, &shape, value)?.map_or(json::Replacement::Null, json::Replacement::Text))
    })
}

/// The rule of a path: its own, else the longest pattern that covers it.
fn closest<'r>(rules: &'r BTreeMap<String, Rule>, path: &str) -> Option<&'r Strategy> {
    rules
        .get(path)
        .or_else(|| {
            let covering = rules.iter().filter(|(pattern, _)| json::covers(pattern, path));
            covering.max_by_key(|(pattern, _)| pattern.len()).map(|(_, rule)| rule)
        })
        .map(|rule| &rule.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(base_type: &str, is_array: bool) -> Column {
        Column {
            name: "c".into(),
            sql_type: base_type.into(),
            base_type: base_type.into(),
            is_array,
            ..Column::default()
        }
    }

    fn starred(strategy: &Strategy, column: &Column, text: &str) -> Result<Option<String>, Unmaskable> {
        rewrite(strategy, column, text, &mut |_, _, value| Ok(Some(format!("*{value}"))))
    }

    #[test]
    fn each_plain_value_meets_its_rule() {
        let rules: BTreeMap<String, Rule> =
            serde_yaml::from_str("{'a': name, 'b.**': text, 'b.k': {keep: a word}}").unwrap();
        let json = Strategy::Json(rules);
        let masked = starred(&json, &column("jsonb", false), r#"{"a":"x","b":{"k":"y","z":["w"]},"n":1}"#);
        assert_eq!(masked.unwrap().unwrap(), r#"{"a":"*x","b":{"k":"y","z":["*w"]},"n":1}"#);
        assert!(matches!(
            starred(&json, &column("jsonb", false), r#"{"new":"x"}"#),
            Err(Unmaskable::UndecidedPath(path)) if path == "new"
        ));
        let masked = starred(&Strategy::Text, &column("text", true), "{a,NULL}");
        assert_eq!(masked.unwrap().unwrap(), r#"{"*a",NULL}"#);
        assert_eq!(starred(&Strategy::Text, &column("text", false), "a").unwrap().unwrap(), "*a");
    }

    #[test]
    fn parts_of_records_stores_and_documents_meet_theirs() {
        let rules = |text: &str| serde_yaml::from_str::<BTreeMap<String, Rule>>(text).unwrap();
        let composite = Column { fields: vec!["street".into(), "zip".into()], ..column("address", true) };
        let strategy = Strategy::Composite(rules("{street: street, zip: postcode}"));
        let masked = starred(&strategy, &composite, r#"{"(\"Long Road\",12345)",NULL}"#);
        assert_eq!(masked.unwrap().unwrap(), r#"{"(\"*Long Road\",\"*12345\")",NULL}"#);
        let lacking = Strategy::Composite(rules("{street: street}"));
        assert_eq!(
            starred(&lacking, &composite, r#"{"(a,b)"}"#),
            Err(Unmaskable::UndecidedField("zip".into()))
        );
        let masked = starred(
            &Strategy::Hstore(rules("{a: text, '*': hash}")),
            &column("hstore", false),
            r#""a"=>"x", "b"=>"y""#,
        );
        assert_eq!(masked.unwrap().unwrap(), r#""a"=>"*x", "b"=>"*y""#);
        let strategy = Strategy::Xml(rules("{'p/@id': token, 'p/**': text}"));
        let masked = starred(&strategy, &column("xml", false), r#"<p id="7"><n>Jane</n></p>"#);
        assert_eq!(masked.unwrap().unwrap(), r#"<p id="*7"><n>*Jane</n></p>"#);
        let masked = starred(&Strategy::Text, &column("xml", false), "<p>Jane</p>");
        assert_eq!(masked.unwrap().unwrap(), "<p>*Jane</p>");
    }
}
