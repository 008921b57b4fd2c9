//! Is what the last copy brought still there?

use serde_json::Value;

use super::rows;
use crate::model::quote_identifier;
use crate::store::latest;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

pub const CHECKS: &[Check] = &[Check {
    id: "DB-010",
    title: "the rows of the last copy are there",
    needs: &[Need::DatabaseAdmin],
    expected: "at least 90 % of the rows of each table that the newest test-data-summary names",
    remedy: "`stagectl copy-data` fills the database again",
    run: |facts| Box::pin(rows_are_there(facts)),
    ..Check::base(Category::Database)
}];

const TOLERANCE_PERCENT: u64 = 90;

async fn rows_are_there(facts: &Facts) -> Outcome {
    let report = match latest(&facts.settings.backups(), "test-data-summary") {
        Ok(Some(path)) => path,
        Ok(None) => return Outcome::skip("no data has been copied yet"),
        Err(error) => return Outcome::error(format!("{error:#}")),
    };
    let name = report.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let text = match fs_err::read_to_string(&report) {
        Ok(text) => text,
        Err(error) => return Outcome::error(error.to_string()),
    };
    let promised = match serde_json::from_str(&text) {
        Ok(report) => promised(&report),
        Err(error) => return Outcome::error(format!("{name}: {error}")),
    };
    let Ok(session) = &facts.admin else { return Outcome::error("no session") };
    let mut problems = Vec::new();
    for (schema, table, copied) in &promised {
        let place = match schema {
            Some(schema) => format!("{}.{}", quote_identifier(schema), quote_identifier(table)),
            None => quote_identifier(table),
        };
        match rows(session, &format!("SELECT count(*) FROM {place}")).await {
            Ok(found) => {
                let count = found.iter().flatten().find_map(|text| text.parse().ok()).unwrap_or(0);
                problems.extend(fewer(table, count, *copied));
            }
            Err(error) => problems.push(format!("{table}: {error}")),
        }
    }
    Outcome::none(problems, promised.len(), &format!("tables as {name} says"))
}

/// Schema (where it is said), table and rows of a copy's report.
fn promised(report: &Value) -> Vec<(Option<String>, String, u64)> {
    let tables = report.get("tables").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    tables
        .iter()
        .filter_map(|entry| {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
            Some((text("schema"), text("table").or_else(|| text("name"))?, entry.get("rows")?.as_u64()?))
        })
        .collect()
}

fn fewer(table: &str, count: u64, copied: u64) -> Option<String> {
    (count * 100 < copied * TOLERANCE_PERCENT).then(|| format!("{table}: {count} of {copied} rows are left"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_lost_rows_is_seen_and_one_that_gained_is_fine() {
        assert_eq!(fewer("User", 9, 10), None);
        assert_eq!(fewer("User", 50, 10), None);
        assert!(fewer("User", 8, 10).is_some());
        assert!(fewer("User", 0, 1).is_some());
        assert_eq!(fewer("User", 0, 0), None);
    }

    #[test]
    fn a_report_names_its_tables() {
        let report = serde_json::json!({"tables": [{"table": "User", "rows": 10}, {"note": "x"}]});
        assert_eq!(promised(&report), [(None, "User".to_owned(), 10)]);
    }
}
