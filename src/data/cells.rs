//! A cell's rule led to each plain value in it: array elements, JSON leaves, or the cell itself.

use super::mask::{Shape, Unmaskable, array, json};
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
        base_type: column.base_type.clone(),
    }
}

/// Rewrites a cell, value by value.
///
/// # Errors
/// A text leaf of a JSON value that no rule covers; what the visitor refuses.
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
        _ if column.is_array => {
            array::rewrite(text, &mut |text| element(strategy, column, text, visit)).map(Some)
        }
        Strategy::Json(_) => leaves(strategy, text, visit).map(Some),
        Strategy::Elements(rule) if is_json => leaves(&rule.0, text, visit).map(Some),
        Strategy::Elements(rule) => {
            array::rewrite(text, &mut |element| visit(&rule.0, &shape, element)).map(Some)
        }
        _ if is_json => leaves(strategy, text, visit).map(Some),
        _ => visit(strategy, &shape, text),
    }
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
    match strategy {
        Strategy::Json(_) => leaves(strategy, text, visit).map(Some),
        Strategy::Elements(rule) => visit(&rule.0, &shape(column), text),
        one => visit(one, &shape(column), text),
    }
}

/// Rules by path, or one rule for every text.
fn leaves(strategy: &Strategy, text: &str, visit: &mut Visit<'_>) -> Result<String, Unmaskable> {
    let shape = Shape { base_type: "text".to_owned(), ..Shape::default() };
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
            is_enum: false,
            is_array,
            max_chars: None,
            not_null: false,
            fixed: false,
            generated: false,
            unique: false,
            in_key: false,
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
}
