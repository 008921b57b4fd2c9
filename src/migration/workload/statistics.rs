//! The workload that the server has counted itself: the top of `pg_stat_statements`, with values
//! from the clone's own rows where the statistics have `$1`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use anyhow::{Context as _, Result};
use regex::Regex;

use crate::config::migration::WorkloadQuery;
use crate::migration::clone::Clones;
use crate::migration::statements::short;
use crate::model::{quote_identifier, quote_literal};
use crate::postgres::{Session, connect};

/// So many queries are taken at most.
const MOST: usize = 10;
/// The statistics' statements, those called most first; what reads catalogues is a tool's, not the application's.
const TOP: &str = "
SELECT query, calls FROM {schema}.pg_stat_statements s JOIN pg_catalog.pg_database d ON d.oid = s.dbid
WHERE d.datname = $1 AND query ~* '^\\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\\M' AND query !~* '\\mpg_|information_schema|<insufficient privilege>'
ORDER BY calls DESC LIMIT 50";
/// A value of a column with this name, in a table that the query names.
const COLUMN: &str = "
SELECT format('SELECT %I::text FROM %s WHERE %1$I IS NOT NULL LIMIT 1', a.attname, c.oid::regclass)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
WHERE a.attname = $1 AND c.relname = ANY ($2) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped LIMIT 1";

static PARAMETER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\$(\d+)").ok());
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\w+").ok());

/// The queries that were sent most to the original and that run on `base`, a clone that nobody else
/// uses. `None`: the server does not count them, or does not show them to this role.
pub async fn top(clones: &Clones, base: &str) -> Result<Option<Vec<WorkloadQuery>>> {
    let Some(counted) = counted(clones).await? else { return Ok(None) };
    let session = clones.as_user(base).await?;
    let most = counted.first().map_or(1, |(_, calls)| *calls).max(1);
    let mut queries: Vec<WorkloadQuery> = Vec::new();
    for (query, calls) in counted {
        let Some(sql) = with_values(&session, &query).await? else { continue };
        let sql = if reads(&query) { sql } else { format!("BEGIN; {sql}; ROLLBACK") };
        // What does not run on a quiet clone says nothing about a migration.
        if session.simple_query(&sql).await.is_err() {
            let _ = session.batch_execute("ROLLBACK").await;
            continue;
        }
        let weight = u32::try_from((calls * 100 / most).clamp(1, 100)).unwrap_or(1);
        queries.push(WorkloadQuery { name: short(&query), sql, weight });
        if queries.len() == MOST {
            break;
        }
    }
    Ok((!queries.is_empty()).then_some(queries))
}

/// The statements and their calls. The view stands in the original or in `postgres`, and counts for all databases.
async fn counted(clones: &Clones) -> Result<Option<Vec<(String, i64)>>> {
    let original = connect(&clones.admin_address).await?;
    for session in [&original, clones.admin()] {
        let schema = "SELECT n.nspname::text FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'";
        let Some(row) = session.query_opt(schema, &[]).await.context("look for pg_stat_statements")? else {
            continue;
        };
        let sql = TOP.replace("{schema}", &quote_identifier(row.get(0)));
        // Installed and not loaded, the view answers with an error.
        if let Ok(rows) = session.query(&sql, &[&clones.admin_address.name]).await {
            return Ok(Some(rows.iter().map(|row| (row.get(0), row.get(1))).collect()));
        }
    }
    Ok(None)
}

fn reads(query: &str) -> bool {
    let mut words = WORD.iter().flat_map(|word| word.find_iter(query)).map(|word| word.as_str());
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("select"))
}

/// The statement with a value for each parameter; `None` where it cannot be prepared here.
async fn with_values(session: &Session, query: &str) -> Result<Option<String>> {
    let Ok(statement) = session.prepare(query).await else { return Ok(None) };
    let names: BTreeSet<&str> =
        WORD.iter().flat_map(|word| word.find_iter(query)).map(|word| word.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut values = BTreeMap::new();
    for (index, kind) in statement.params().iter().enumerate() {
        let number = index + 1;
        let kind: String = session
            .query_one("SELECT pg_catalog.format_type($1, NULL)", &[&kind.oid()])
            .await
            .context("name a parameter's type")?
            .get(0);
        let found = match column_before(query, number) {
            Some(column) => value(session, &column, &names).await?,
            None => None,
        };
        let text =
            found.or_else(|| usual(&kind)).map_or_else(|| "NULL".to_owned(), |text| quote_literal(&text));
        values.insert(number, format!("CAST({text} AS {kind})"));
    }
    Ok(Some(fill(query, &values)))
}

/// A value of the column in one of the tables, if there is a row.
async fn value(session: &Session, column: &str, tables: &[&str]) -> Result<Option<String>> {
    let Some(row) = session.query_opt(COLUMN, &[&column, &tables]).await.context("find a column")? else {
        return Ok(None);
    };
    // A table that the role may not read gives no value.
    Ok(session.query_opt(row.get::<_, &str>(0), &[]).await.ok().flatten().and_then(|row| row.get(0)))
}

/// The column that a parameter is compared with: the identifier before its operator.
fn column_before(query: &str, number: usize) -> Option<String> {
    let expression = format!(
        r#"(?i)(\w+)"?\s*(?:=|<>|!=|<=|>=|<|>|~~\*?|\bi?like\b|\bin\b)\s*(?:any\s*)?\(?\s*\${number}(?:\D|$)"#
    );
    let found = Regex::new(&expression).ok()?.captures(query)?;
    Some(found.get(1)?.as_str().to_owned())
}

/// A value that every type of this kind takes.
fn usual(kind: &str) -> Option<String> {
    let value = match kind {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => "1",
        "boolean" => "true",
        "text" | "character varying" | "character" => "",
        "date" | "timestamp without time zone" | "timestamp with time zone" => "2026-01-01",
        _ => return None,
    };
    Some(value.to_owned())
}

fn fill(query: &str, values: &BTreeMap<usize, String>) -> String {
    let Some(parameter) = PARAMETER.as_ref() else { return query.to_owned() };
    parameter
        .replace_all(query, |found: &regex::Captures<'_>| {
            let value = found[1].parse().ok().and_then(|number: usize| values.get(&number));
            value.cloned().unwrap_or_else(|| found[0].to_owned())
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_compared_with_the_column_before_it() {
        let query =
            r#"SELECT * FROM "User" u WHERE u."authorId" = $1 AND name LIKE $2 AND id IN ($3, $10) LIMIT $4"#;
        let of = |number| column_before(query, number);
        assert_eq!(of(1).as_deref(), Some("authorId"));
        assert_eq!(of(2).as_deref(), Some("name"));
        assert_eq!(of(3).as_deref(), Some("id"));
        assert_eq!(of(4), None);
    }

    #[test]
    fn values_stand_where_the_parameters_stood() {
        let values = BTreeMap::from([(1, "'a'".to_owned()), (12, "2".to_owned())]);
        assert_eq!(fill("a = $1 AND b = $12 AND c = $1", &values), "a = 'a' AND b = 2 AND c = 'a'");
        assert!(reads("  select 1") && !reads("WITH x AS (DELETE FROM t) SELECT 1"));
    }
}
