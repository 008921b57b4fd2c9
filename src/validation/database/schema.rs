//! Are the tables there, with their columns, and is anything in them?

use std::collections::{BTreeMap, BTreeSet};

use super::{in_schemas, rows};
use crate::model::quote_identifier;
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

pub const CHECKS: &[Check] = &[Check {
    id: "DB-002",
    title: "the expected tables and columns exist and hold rows",
    severity: Severity::Blocker,
    quick: true,
    needs: &[Need::DatabaseAdmin],
    expected: "every entry of `validation.tables` (`Table` or `Table.column`) exists; each table has a row",
    remedy: "`stagectl copy-data` fills the database",
    run: |facts| Box::pin(tables_exist(facts)),
    ..Check::base(Category::Database)
}];

const COLUMNS: &str = "
SELECT c.relname, a.attname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname IN ($schemas)";

async fn tables_exist(facts: &Facts) -> Outcome {
    let wanted = &facts.settings.config.validation.tables;
    if wanted.is_empty() {
        return Outcome::skip("`validation.tables` of stagectl.yml is empty");
    }
    let Ok(session) = &facts.admin else { return Outcome::error("no session") };
    let columns = match rows(session, &in_schemas(&facts.settings, COLUMNS)).await {
        Ok(found) => found,
        Err(error) => return Outcome::error(error),
    };
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in columns {
        if let [table, column] = row.as_slice() {
            known.entry(table.clone()).or_default().insert(column.clone());
        }
    }
    let mut problems = missing(wanted, &known);
    for table in wanted.iter().map(|entry| split(entry).0).collect::<BTreeSet<_>>() {
        if !known.contains_key(table) {
            continue;
        }
        let name = qualified(facts, table);
        match rows(session, &format!("SELECT 1 FROM {name} LIMIT 1")).await {
            Ok(found) if found.is_empty() => problems.push(format!("table `{table}` is empty")),
            Ok(_) => {}
            Err(error) => problems.push(format!("table `{table}`: {error}")),
        }
    }
    Outcome::none(problems, wanted.len(), "tables and columns are there")
}

/// The table's name for SQL; the schemas are searched in their order.
fn qualified(facts: &Facts, table: &str) -> String {
    match facts.settings.config.copy.schemas.as_slice() {
        [only] => format!("{}.{}", quote_identifier(only), quote_identifier(table)),
        _ => quote_identifier(table),
    }
}

fn split(entry: &str) -> (&str, Option<&str>) {
    entry.split_once('.').map_or((entry, None), |(table, column)| (table, Some(column)))
}

fn missing(wanted: &[String], known: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    wanted
        .iter()
        .filter_map(|entry| match (split(entry), known.get(split(entry).0)) {
            ((table, _), None) => Some(format!("there is no table `{table}`")),
            ((table, Some(column)), Some(columns)) if !columns.contains(column) => {
                Some(format!("table `{table}` has no column `{column}`"))
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_table_and_a_missing_column_are_named() {
        let known = BTreeMap::from([("User".to_owned(), BTreeSet::from(["id".to_owned()]))]);
        let wanted = ["User", "User.id", "User.email", "Story"].map(str::to_owned);
        assert_eq!(
            missing(&wanted, &known),
            ["table `User` has no column `email`", "there is no table `Story`"]
        );
    }
}
