//! Where the sequences stand.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use tokio_postgres::Statement;

use super::{BOOKKEEPING, BOOKKEEPING_TABLES};
use crate::postgres::Session;

/// Where a sequence stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub last: i64,
    /// False where the next value is `last` itself.
    pub called: bool,
    /// The table whose column owns it.
    pub table: Option<String>,
}

impl Position {
    /// As a person reads it.
    pub fn line(&self) -> String {
        if self.called { self.last.to_string() } else { format!("{} (not used yet)", self.last) }
    }

    pub fn is_at(&self, other: &Self) -> bool {
        (self.last, self.called) == (other.last, other.called)
    }
}

const SEQUENCES: &str = "
SELECT format('%I.%I', n.nspname, c.relname), pg_sequence_last_value(c.oid), (
  SELECT format('%I.%I', tn.nspname, t.relname) FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass
    AND t.relname <> ALL ($2::text[]))
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> ALL ($1::text[])
  AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND t.relname = ANY ($2::text[]))";

pub(super) async fn prepare(session: &Session) -> Result<Statement> {
    session.prepare(SEQUENCES).await.context("prepare to read the sequences")
}

pub(super) async fn read(session: &Session, statement: &Statement) -> Result<BTreeMap<String, Position>> {
    let rows = session
        .query(statement, &[&BOOKKEEPING.as_slice(), &BOOKKEEPING_TABLES.as_slice()])
        .await
        .context("read the sequences")?;
    let mut positions = BTreeMap::new();
    let mut unused = Vec::new();
    for row in rows {
        let (name, last, table): (String, Option<i64>, Option<String>) = (row.get(0), row.get(1), row.get(2));
        if last.is_none() {
            unused.push(name.clone());
        }
        positions.insert(name, Position { last: last.unwrap_or_default(), called: last.is_some(), table });
    }
    // The catalogue does not say where a sequence begins that was set and never used.
    for (name, last) in begins(session, &unused).await? {
        if let Some(position) = positions.get_mut(&name) {
            position.last = last;
        }
    }
    Ok(positions)
}

async fn begins(session: &Session, names: &[String]) -> Result<Vec<(String, i64)>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let fields: Vec<String> = names.iter().map(|name| format!("(SELECT last_value FROM {name})")).collect();
    // An array, since a row has no place for as many columns as a database may have sequences.
    let sql = format!("SELECT ARRAY[{}]::text[]", fields.join(", "));
    let rows = session.simple_query(&sql).await.context("read the sequences that were never used")?;
    let values = rows.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let values =
        values.unwrap_or_default().trim_matches(['{', '}']).split(',').filter_map(|n| n.parse().ok());
    Ok(names.iter().cloned().zip(values).collect())
}
