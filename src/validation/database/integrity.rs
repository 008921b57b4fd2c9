//! Does the data keep its own rules?

use std::time::Duration;

use super::{in_schemas, rows};
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { needs: &[Need::DatabaseAdmin], ..Check::base(Category::Database) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "DB-003",
        title: "every constraint was checked against all rows",
        quick: true,
        expected: "no constraint is NOT VALID",
        remedy: "ALTER TABLE … VALIDATE CONSTRAINT …, or copy the data again",
        run: |facts| Box::pin(constraints(facts)),
        ..BASE
    },
    Check {
        id: "DB-004",
        title: "no row leads nowhere",
        severity: Severity::Blocker,
        expected: "each foreign key value finds its row",
        remedy: "`stagectl copy-data` copies whole subsets again; an orphan came in another way",
        timeout: Duration::from_secs(60),
        run: |facts| Box::pin(orphans(facts)),
        ..BASE
    },
    Check {
        id: "DB-011",
        title: "every sequence is ahead of its column",
        expected: "the next value of each sequence is above the column's largest",
        remedy: "SELECT setval(…, max(column)); `stagectl copy-data` sets them",
        run: |facts| Box::pin(sequences(facts)),
        ..BASE
    },
    Check {
        id: "DB-012",
        title: "every index is valid",
        quick: true,
        expected: "no index is left over from a failed CREATE INDEX CONCURRENTLY",
        remedy: "REINDEX INDEX CONCURRENTLY …, or DROP INDEX and make it again",
        run: |facts| Box::pin(indexes(facts)),
        ..BASE
    },
];

const CONSTRAINTS: &str = include_str!("sql/constraints.sql");
const FOREIGN_KEYS: &str = include_str!("sql/foreign_keys.sql");
const INDEXES: &str = include_str!("sql/indexes.sql");
const SEQUENCES: &str = include_str!("sql/sequences.sql");

/// A statement whose every row is a violation, in words.
async fn no_rows(facts: &Facts, sql: &str, what: &str) -> Outcome {
    let Ok(session) = &facts.admin else { return Outcome::error("no session") };
    match rows(session, &in_schemas(&facts.settings, sql)).await {
        Ok(found) if found.is_empty() => Outcome::pass("none"),
        Ok(found) => {
            let names: Vec<String> = found.iter().map(|row| row.join(" ")).collect();
            Outcome::fail(format!("{} {what}, such as {}", names.len(), names[0])).evidence(names)
        }
        Err(error) => Outcome::error(error),
    }
}

async fn constraints(facts: &Facts) -> Outcome {
    no_rows(facts, CONSTRAINTS, "constraints are NOT VALID").await
}

async fn indexes(facts: &Facts) -> Outcome {
    no_rows(facts, INDEXES, "indexes are invalid").await
}

async fn orphans(facts: &Facts) -> Outcome {
    let Ok(session) = &facts.admin else { return Outcome::error("no session") };
    let keys = match rows(session, &in_schemas(&facts.settings, FOREIGN_KEYS)).await {
        Ok(keys) => keys,
        Err(error) => return Outcome::error(error),
    };
    if keys.is_empty() {
        return Outcome::skip("there is no foreign key");
    }
    let mut problems = Vec::new();
    for key in &keys {
        let [table, name, query] = key.as_slice() else { continue };
        match rows(session, query).await {
            Ok(found) => {
                let count = found.first().and_then(|row| row.first()).map_or("?", String::as_str);
                if count != "0" {
                    problems.push(format!("{count} rows of {table} break {name}"));
                }
            }
            Err(error) => return Outcome::error(format!("{name}: {error}")),
        }
    }
    Outcome::none(problems, keys.len(), "foreign keys hold")
}

async fn sequences(facts: &Facts) -> Outcome {
    let Ok(session) = &facts.admin else { return Outcome::error("no session") };
    let all = match rows(session, &in_schemas(&facts.settings, SEQUENCES)).await {
        Ok(all) => all,
        Err(error) => return Outcome::error(error),
    };
    if all.is_empty() {
        return Outcome::skip("no sequence fills a column");
    }
    let mut problems = Vec::new();
    for sequence in &all {
        let [name, query] = sequence.as_slice() else { continue };
        match rows(session, query).await {
            Ok(found) => problems.extend(found.first().and_then(|row| behind(name, row))),
            Err(error) => return Outcome::error(format!("{name}: {error}")),
        }
    }
    Outcome::none(problems, all.len(), "sequences ahead")
}

/// A row of the column's largest value and the sequence's next one.
fn behind(name: &str, row: &[String]) -> Option<String> {
    let [largest, next] = row else { return None };
    // An empty table has no largest value.
    let (largest, next) = (largest.parse::<i64>().ok()?, next.parse::<i64>().ok()?);
    (next <= largest).then(|| format!("{name} gives {next} next, and {largest} is taken"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_behind_its_column_is_seen() {
        let row = |largest: &str, next: &str| [largest.to_owned(), next.to_owned()];
        assert_eq!(behind("s", &row("9", "10")), None);
        assert_eq!(behind("s", &row("", "1")), None);
        assert!(behind("s", &row("10", "10")).unwrap().contains("10 is taken"));
    }
}
