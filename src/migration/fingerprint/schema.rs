//! The schema's fingerprint: every object of the catalogues with its definition. The server hashes
//! the definitions and sends those that this reader has not seen yet.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio_postgres::Statement;

use super::{BOOKKEEPING, BOOKKEEPING_TABLES};
use crate::postgres::Session;

/// Every object by kind and name, with its definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaPrint {
    pub objects: BTreeMap<(String, String), Arc<str>>,
}

/// Definitions by their hash.
pub(super) type Known = HashMap<i64, Arc<str>>;

const OWN: &str = include_str!("objects/own.sql");
const OBJECTS: [&str; 7] = [
    include_str!("objects/relations.sql"),
    include_str!("objects/attached.sql"),
    include_str!("objects/code.sql"),
    include_str!("objects/search.sql"),
    include_str!("objects/foreign.sql"),
    include_str!("objects/database.sql"),
    include_str!("objects/cluster.sql"),
];
const HASHED: &str = "
), hashed AS (
  SELECT kind, identity, coalesce(definition, '') AS definition, hashtextextended(coalesce(definition, ''), 0) AS hash FROM object
)
SELECT h.kind::text, h.identity::text, h.hash, CASE WHEN k.hash IS NULL THEN h.definition END
FROM hashed h LEFT JOIN (SELECT DISTINCT hash FROM unnest($3::bigint[]) AS hash) k ON k.hash = h.hash";

/// The whole query for a server of this `server_version_num`.
fn sql(version: u32) -> String {
    let known = |line: &&str| {
        let since = line.rsplit_once("-- since ").and_then(|(_, number)| number.trim().parse::<u32>().ok());
        since.is_none_or(|since| since <= version)
    };
    let lines = |text: &str| text.lines().filter(known).collect::<Vec<_>>().join("\n");
    let objects: Vec<String> = OBJECTS.iter().copied().map(lines).collect();
    format!("{}\n{}\n{HASHED}", lines(OWN), objects.join("\nUNION ALL\n"))
}

pub(super) async fn prepare(session: &Session, version: u32) -> Result<Statement> {
    session.prepare(&sql(version)).await.context("prepare to read the catalogues")
}

pub(super) async fn read(session: &Session, statement: &Statement, known: &mut Known) -> Result<SchemaPrint> {
    let hashes: Vec<i64> = known.keys().copied().collect();
    let rows = session
        .query(statement, &[&BOOKKEEPING.as_slice(), &BOOKKEEPING_TABLES.as_slice(), &hashes])
        .await
        .context("read the catalogues")?;
    let mut print = SchemaPrint::default();
    for row in rows {
        let (kind, identity, hash, sent): (String, String, i64, Option<&str>) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        if let Some(definition) = sent {
            known.insert(hash, definition.into());
        }
        let definition = known.get(&hash).context("the server left out a definition")?;
        print.objects.insert((kind, identity), Arc::clone(definition));
    }
    Ok(print)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_an_older_server_does_not_know_are_left_out() {
        assert!(sql(150_000).contains("attcompression") && sql(150_000).contains("pg_publication_namespace"));
        assert!(!sql(130_000).contains("attcompression") && !sql(150_000).contains("inherit_option"));
    }
}
