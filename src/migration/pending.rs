//! Which steps a database has already: what the tools' own tables say.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use super::step::Step;
use crate::model::quote_identifier;
use crate::postgres::Session;

/// A tool's table, and how to read the applied steps from it.
struct Book {
    table: &'static str,
    sql: &'static str,
    /// True: it holds the newest one only, and all before it are applied as well.
    newest_only: bool,
}

const fn book(table: &'static str, sql: &'static str) -> Book {
    Book { table, sql, newest_only: false }
}

/// `{}` stands for the qualified table. Several tools call theirs `schema_migrations`; the column
/// `dirty` is golang-migrate's own.
const BOOKS: [Book; 9] = [
    book("__diesel_schema_migrations", "SELECT version::text FROM {}"),
    book("_sqlx_migrations", "SELECT version::text FROM {} WHERE success"),
    book("flyway_schema_history", "SELECT coalesce(version, script)::text FROM {} WHERE success"),
    book(
        "_prisma_migrations",
        "SELECT migration_name FROM {} WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
    ),
    book(
        "goose_db_version",
        "SELECT version_id::text FROM (SELECT DISTINCT ON (version_id) version_id, is_applied FROM {} ORDER BY version_id, id DESC) last WHERE is_applied",
    ),
    book("django_migrations", "SELECT app || '.' || name FROM {}"),
    book("schema_migration", "SELECT version::text FROM {}"),
    book("schema_migrations", "SELECT version::text FROM {}"),
    Book { table: "alembic_version", sql: "SELECT version_num FROM {}", newest_only: true },
];

/// sqitch keeps its book in a schema of its own. A reworked change stands in it under one name as
/// often as it was deployed.
const SQITCH: &str = "SELECT change FROM sqitch.changes ORDER BY committed_at";
/// stagectl's own, for layouts that have none.
const OWN: &str = "SELECT name FROM staging_migrations.applied_steps WHERE taken_back_at IS NULL";

/// Parts the steps into those that the database has and those that it has not.
pub async fn part(session: &Session, steps: Vec<Step>) -> Result<(Vec<Step>, Vec<Step>)> {
    let applied = applied(session, &steps).await?;
    Ok(steps.into_iter().partition(|step| applied.contains(&step.id) || applied.contains(&step.name)))
}

/// The ids that any of the known books holds.
async fn applied(session: &Session, steps: &[Step]) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for book in &BOOKS {
        let found = session
            .query(
                "SELECT n.nspname::text, EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'dirty')
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relname = $1 AND c.relkind IN ('r', 'p')",
                &[&book.table],
            )
            .await
            .with_context(|| format!("look for {}", book.table))?;
        for row in &found {
            let (schema, dirty): (String, bool) = (row.get(0), row.get(1));
            let table = format!("{}.{}", quote_identifier(&schema), quote_identifier(book.table));
            let ids = read(session, &book.sql.replace("{}", &table)).await?;
            if book.newest_only || dirty {
                let last = steps.iter().rposition(|step| ids.contains(&step.id) || ids.contains(&step.name));
                let until = last.map_or(0, |at| at + 1);
                all.extend(steps[..until].iter().map(|step| step.id.clone()));
            } else {
                all.extend(ids);
            }
        }
    }
    if is_there(session, "sqitch.changes").await? {
        let rows = session.query(SQITCH, &[]).await.context("read what sqitch has deployed")?;
        let changes: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        all.extend(deployed(&changes, steps));
    }
    if is_there(session, "staging_migrations.applied_steps").await? {
        all.extend(read(session, OWN).await?);
    }
    Ok(all)
}

async fn is_there(session: &Session, table: &str) -> Result<bool> {
    Ok(session.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await?.get(0))
}

/// The steps that sqitch has deployed: it follows its plan, so they are the first ones of it.
fn deployed(changes: &[String], steps: &[Step]) -> Vec<String> {
    let name = |step: &Step| step.name.split('@').next().unwrap_or_default().to_owned();
    steps
        .iter()
        .zip(changes)
        .take_while(|(step, change)| name(step) == **change)
        .map(|(step, _)| step.id.clone())
        .collect()
}

async fn read(session: &Session, sql: &str) -> Result<BTreeSet<String>> {
    let rows = session.query(sql, &[]).await.with_context(|| format!("read what is applied: {sql}"))?;
    Ok(rows.iter().filter_map(|row| row.get(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::migration::TransactionMode;
    use crate::migration::script::Script;

    #[test]
    fn a_reworked_change_is_deployed_as_often_as_sqitch_says() {
        let step = |name: &str| {
            Step::new(
                name,
                Script::parse("f".into(), "SELECT 1", TransactionMode::Auto).unwrap().into(),
                None,
            )
        };
        let steps = [step("items"), step("stock@v1.0"), step("stock")];
        let of = |changes: &[&str]| {
            let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
            deployed(&changes, &steps)
        };
        assert_eq!(of(&["items", "stock"]), ["items", "stock@v1.0"]);
        assert_eq!(of(&["items", "stock", "stock"]), ["items", "stock@v1.0", "stock"]);
        assert!(of(&["other"]).is_empty());
    }
}
