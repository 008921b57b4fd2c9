//! Does anything in the database look like a real person's, or like a key of production?

use std::time::Duration;

use super::{in_schemas, rows};
use crate::model::quote_literal;
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check {
    needs: &[Need::DatabaseAdmin],
    severity: Severity::Blocker,
    timeout: Duration::from_secs(60),
    ..Check::base(Category::Database)
};

pub const CHECKS: &[Check] = &[
    Check {
        id: "DB-009",
        title: "no e-mail address is real",
        expected: "every address in any text or JSON column is at the domain of `copy.email_domain`",
        remedy: "decide about the column in `masking.tables` of stagectl.yml, then `stagectl copy-data`",
        run: |facts| Box::pin(emails(facts)),
        ..BASE
    },
    Check {
        id: "DB-014",
        title: "no payment card or production key is in the data",
        expected: "no number that passes as a payment card, no key such as sk_live_…, no production marker",
        remedy: "decide about the column in `masking.tables` of stagectl.yml, then `stagectl copy-data`",
        run: |facts| Box::pin(keys_and_cards(facts)),
        ..BASE
    },
];

const TABLES: &str = include_str!("sql/text_columns.sql");
/// Anything@domain.tld, in any script; a handle (`@name`) has nothing before the sign.
const EMAIL: &str = r#"[^[:space:]@<>"',;:()\[\]{}]+@[[:alnum:]-]+(?:\.[[:alnum:]-]+)+"#;
const CARD: &str = r"(?:^|[^0-9])([0-9](?:[ -]?[0-9]){12,18})(?![0-9])";
const KEY: &str = r"(?:sk|rk)_live_[A-Za-z0-9]{4,}|AKIA[A-Z0-9]{16}|-----BEGIN [A-Z ]*PRIVATE KEY";

/// For each column of a table: its name and every match of `pattern` that `keep` keeps. `m[1]` is the match.
fn matches(table: &str, pattern: &str, keep: &str, select: &str) -> String {
    format!(
        "SELECT e.key, {select} FROM {table} r CROSS JOIN LATERAL jsonb_each_text(to_jsonb(r)) e \
         CROSS JOIN LATERAL regexp_matches(e.value, {}, 'g') m WHERE {keep}",
        quote_literal(pattern)
    )
}

async fn emails(facts: &Facts) -> Outcome {
    let Ok(session) = &facts.admin else { return Outcome::error("no session") };
    let tables = match rows(session, &in_schemas(&facts.settings, TABLES)).await {
        Ok(tables) => tables.into_iter().flatten().collect::<Vec<String>>(),
        Err(error) => return Outcome::error(error),
    };
    let domain = facts.settings.config.copy.email_domain.to_lowercase();
    let keep = format!("lower(m[1]) NOT LIKE {} GROUP BY 1", quote_literal(&format!("%@{domain}")));
    let pattern = format!("({EMAIL})");
    let mut problems = Vec::new();
    for table in &tables {
        match rows(session, &matches(table, &pattern, &keep, "count(*)")).await {
            // How many and where; never the address itself.
            Ok(found) => problems.extend(found.iter().filter_map(|row| match row.as_slice() {
                [column, count] => {
                    Some(format!("{count} addresses outside @{domain} in {table}, column {column}"))
                }
                _ => None,
            })),
            Err(error) => return Outcome::error(format!("{table}: {error}")),
        }
    }
    found_in(problems, &tables)
}

async fn keys_and_cards(facts: &Facts) -> Outcome {
    let Ok(session) = &facts.admin else { return Outcome::error("no session") };
    let tables = match rows(session, &in_schemas(&facts.settings, TABLES)).await {
        Ok(tables) => tables.into_iter().flatten().collect::<Vec<String>>(),
        Err(error) => return Outcome::error(error),
    };
    let markers = facts.settings.config.production.iter().flat_map(|production| &production.markers);
    let alternatives: Vec<String> =
        [KEY.to_owned()].into_iter().chain(markers.map(|marker| regex::escape(marker))).collect();
    let pattern = format!("({})", alternatives.join("|"));
    let mut problems = Vec::new();
    for table in &tables {
        match rows(session, &matches(table, &pattern, "true GROUP BY 1", "count(*)")).await {
            Ok(found) => problems.extend(found.iter().filter_map(|row| match row.as_slice() {
                [column, count] => {
                    Some(format!("{count} keys or markers of production in {table}, column {column}"))
                }
                _ => None,
            })),
            Err(error) => return Outcome::error(format!("{table}: {error}")),
        }
        match rows(session, &matches(table, CARD, "true LIMIT 100000", "m[1]")).await {
            Ok(found) => {
                let cards = found.iter().filter(|row| row.get(1).is_some_and(|text| is_card(text))).count();
                if cards > 0 {
                    let column = found.first().and_then(|row| row.first()).map_or("?", String::as_str);
                    problems.push(format!("{cards} payment card numbers in {table}, column {column}"));
                }
            }
            Err(error) => return Outcome::error(format!("{table}: {error}")),
        }
    }
    found_in(problems, &tables)
}

fn found_in(problems: Vec<String>, tables: &[String]) -> Outcome {
    if tables.is_empty() {
        return Outcome::skip("no table holds text");
    }
    Outcome::none(problems, tables.len(), "tables read, nothing found")
}

/// A number of a card issuer's range that passes the Luhn test.
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let issued = match digits.as_slice() {
        [4, ..] => matches!(digits.len(), 13 | 16 | 19),
        [5, 1..=5, ..] | [2, 2..=7, ..] | [6, 0 | 4 | 5, ..] => digits.len() == 16,
        [3, 4 | 7, ..] => digits.len() == 15,
        _ => false,
    };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    issued && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_issuers_that_pass_the_test_are_cards() {
        for card in ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"] {
            assert!(is_card(card), "{card}");
        }
        for other in ["4111 1111 1111 1112", "0000 0000 0000 0000", "20261121010203", "123456789012"] {
            assert!(!is_card(other), "{other}");
        }
    }
}
