//! `{sql: EXPRESSION}`: whether it is one expression over the row's own columns, that always answers the
//! same and can change nothing. It is read here, looked up in production's catalogue, and tried there.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::config::masking::Strategy;
use crate::data::model::{Catalog, Column, Table};
use crate::data::plan::Rules;
use crate::data::quiet::quiet;
use crate::data::subset::rows::from;
use crate::failure::Failure;
use crate::postgres::Session;

/// What a function of that name may do: write or answer anew, go over many rows, give many rows.
const FUNCTIONS: &str = "SELECT DISTINCT proname::text,
    CASE WHEN provolatile = 'v' THEN 'its answer may change, or it may write'
         WHEN prokind IN ('a', 'w') THEN 'it looks at more than one row' ELSE 'it gives more than one row' END
  FROM pg_proc WHERE proname = ANY ($1) AND (provolatile = 'v' OR prokind IN ('a', 'w') OR proretset) ORDER BY 1";

/// Words that would read something else than the row.
const READERS: [&str; 4] = ["select", "table", "into", "over"];

/// Tries every expression of the rules on production, in its read-only transaction.
///
/// # Errors
/// Refuses text that is more than an expression, functions that could do harm, and what the server refuses.
pub async fn check(session: &Session, catalog: &Catalog, rules: &Rules) -> Result<()> {
    for ((name, column), rule) in rules {
        let Strategy::Sql(text) = rule else { continue };
        let Some(table) = catalog.table(name) else { continue };
        let Some(column) = table.columns.iter().find(|found| found.name == *column) else { continue };
        let place = format!("masking.tables.{name}.{}: sql", column.name);
        let calls = calls(text).map_err(|why| {
            Failure::config(format!("{place}: {why}"))
                .hint("write one expression over the columns of the row, such as `left(code, 2) || '***'`")
        })?;
        let calls: Vec<String> = calls.into_iter().collect();
        let found = session.query(FUNCTIONS, &[&calls]).await.map_err(quiet("look up the functions"))?;
        if let Some(row) = found.first() {
            let (function, why): (String, String) = (row.get(0), row.get(1));
            return Err(Failure::config(format!("{place}: `{function}` cannot be used, {why}"))
                .hint("a mask must be the same in each run: use functions that are IMMUTABLE or STABLE")
                .into());
        }
        attempt(session, table, column, text, &place).await?;
    }
    Ok(())
}

/// Lets the server read it, without any row.
async fn attempt(session: &Session, table: &Table, column: &Column, text: &str, place: &str) -> Result<()> {
    let failed = quiet("try an expression");
    let statement = format!("SELECT {} FROM {} LIMIT 0", column.made_by(text), from(table));
    session.batch_execute("SAVEPOINT trial").await.map_err(&failed)?;
    let answer = session.prepare(&statement).await;
    session.batch_execute("ROLLBACK TO trial; RELEASE trial").await.map_err(&failed)?;
    match answer {
        Ok(_) => Ok(()),
        Err(error) => match error.as_db_error() {
            Some(db) => Err(Failure::config(format!("{place}: {}", db.message()))
                .hint(format!("it is computed by production's server, out of the columns of {}", table.name))
                .into()),
            None => Err(failed(error)),
        },
    }
}

/// The names of the functions that it calls.
///
/// # Errors
/// Says what makes it more than one expression over a row.
pub fn calls(text: &str) -> Result<BTreeSet<String>, String> {
    let mut calls = BTreeSet::new();
    let (mut depth, mut rest, mut last) = (0_i32, text, None);
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    // In E'…' it would move the end of the quotes.
    if text.contains('\\') {
        return Err("`\\` cannot stand in it".to_owned());
    }
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let length = match first {
            '\'' | '"' => quoted(rest, first)?,
            _ if first.is_alphabetic() || first == '_' => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            _ if rest.starts_with("--") || rest.starts_with("/*") => {
                return Err("it has a comment in it".to_owned());
            }
            ';' | '$' => return Err(format!("`{first}` cannot stand in it")),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        match token {
            "(" => {
                depth += 1;
                calls.extend(last.take());
            }
            ")" => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return Err("a `)` closes nothing".to_owned());
        }
        let lower = token.to_lowercase();
        if READERS.contains(&lower.as_str()) {
            return Err(format!("`{token}` cannot stand in it"));
        }
        if !token.trim().is_empty() {
            last = match first {
                '"' => Some(token[1..length - 1].replace("\"\"", "\"")),
                _ if first.is_alphabetic() || first == '_' => Some(lower),
                _ => None,
            };
        }
        rest = after;
    }
    if depth == 0 { Ok(calls) } else { Err("a `(` is not closed".to_owned()) }
}

/// The length of a quoted text; a doubled quote is one inside.
fn quoted(rest: &str, quote: char) -> Result<usize, String> {
    let mut from = 1;
    while let Some(end) = rest[from..].find(quote) {
        from += end + 1;
        if !rest[from..].starts_with(quote) {
            return Ok(from);
        }
        from += 1;
    }
    Err(format!("a {quote} is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_of_an_expression_are_found_also_in_disguise() {
        let names = |text: &str| calls(text).unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(names("left(code, 2) || '***(x'"), ["left"]);
        assert_eq!(names("pg_catalog . \"Nextval\" ('a')"), ["Nextval"]);
        assert_eq!(names("CASE WHEN a > 1 THEN UPPER (b) END"), ["upper"]);
        assert_eq!(names("'it''s (f(1))'"), Vec::<String>::new());
    }

    #[test]
    fn what_is_more_than_an_expression_is_refused() {
        for text in [
            "",
            "1; DROP TABLE t",
            "(SELECT email FROM \"User\")",
            "1) FROM t --",
            "x /* */",
            "$$a$$",
            "f(1",
            "(TABLE t)",
            "'open",
            "E'\\''",
            "count(*) OVER ()",
            "1) , (2",
        ] {
            assert!(calls(text).is_err(), "{text}");
        }
    }
}
