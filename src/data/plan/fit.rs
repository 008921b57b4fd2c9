//! Whether a rule fits its column. Pure.

use anyhow::Result;

use crate::config::masking::Strategy;
use crate::data::evidence::is_json;
use crate::data::model::{Column, Table};
use crate::failure::Failure;

/// Refuses a rule that does not fit its column.
pub fn check(table: &Table, column: &Column, rule: &Strategy) -> Result<()> {
    let refuse = |what: &str, hint: &str| {
        let place = format!("masking.tables.{}.{}", table.name, column.name);
        Err(Failure::config(format!("{place}: {what}")).hint(hint.to_owned()).into())
    };
    match rule {
        Strategy::Null if column.not_null => {
            refuse("the column is NOT NULL", "use a mask, or `{constant: VALUE}`")
        }
        Strategy::Keep(_) | Strategy::Null | Strategy::Constant(_) => Ok(()),
        Strategy::Elements(_) if column.is_array => Ok(()),
        Strategy::Elements(_) => refuse("the column is no array", "name the strategy itself"),
        _ if column.is_array => refuse("the column is an array", "write `{elements: STRATEGY}`"),
        Strategy::Json(_) if is_json(column) => Ok(()),
        Strategy::Json(_) => refuse("the column is not JSON", "name the strategy itself"),
        Strategy::Xml(_) if column.base_type != "xml" => {
            refuse("the column is not XML", "name the strategy itself")
        }
        Strategy::Hstore(_) if column.base_type != "hstore" => {
            refuse("the column is no hstore", "name the strategy itself")
        }
        Strategy::Composite(rules) => {
            match rules.keys().find(|name| *name != "*" && !column.fields.contains(name)) {
                _ if column.fields.is_empty() => {
                    refuse("the column is of no composite type", "name the strategy itself")
                }
                Some(name) => refuse(
                    &format!("its type has no field `{name}`"),
                    &format!("its fields are {}", column.fields.join(", ")),
                ),
                None => Ok(()),
            }
        }
        _ if is_json(column) => refuse("the column is JSON", "write `{json: {PATH: STRATEGY}}`"),
        _ => Ok(()),
    }
}
