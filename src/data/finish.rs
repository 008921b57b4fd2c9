//! What follows the rows: sequences, the twin's own books, materialized views, statistics.

use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::{SinkExt as _, TryStreamExt as _};

use super::quiet::quiet;
use crate::model::{quote_identifier, quote_literal};
use crate::postgres::Session;

const SEQUENCES: &str = include_str!("sql/sequences.sql");
const BOOKS: &str =
    "SELECT n.nspname::text, c.relname::text, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relkind = 'r' AND n.nspname ~ '^staging_' GROUP BY 1, 2 ORDER BY 1, 2";
const VIEWS: &str =
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'm' AND NOT c.relispopulated ORDER BY c.oid";

/// Carries the rows of the schemas `staging_*` over from the live database. Returns the tables that
/// the new one does not have in the same form.
pub async fn books(live: &Session, target: &Session) -> Result<Vec<String>> {
    let read = async |session: &Session| -> Result<BTreeMap<(String, String), String>> {
        let rows = session.query(BOOKS, &[]).await.map_err(quiet("list staging's own tables"))?;
        Ok(rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect())
    };
    let (from, to) = (read(live).await?, read(target).await?);
    let mut left = Vec::new();
    for (key, columns) in from {
        let name = format!("{}.{}", quote_identifier(&key.0), quote_identifier(&key.1));
        if to.get(&key) != Some(&columns) {
            left.push(format!("{}.{}", key.0, key.1));
            continue;
        }
        let what = quiet(format!("carry {name} over"));
        let rows = live.copy_out(&format!("COPY {name} ({columns}) TO STDOUT")).await.map_err(&what)?;
        let sink = target
            .copy_in::<_, bytes::Bytes>(&format!("COPY {name} ({columns}) FROM STDIN"))
            .await
            .map_err(&what)?;
        futures_util::pin_mut!(rows, sink);
        while let Some(chunk) = rows.try_next().await.map_err(&what)? {
            sink.send(chunk).await.map_err(&what)?;
        }
        sink.finish().await.map_err(&what)?;
    }
    Ok(left)
}

/// Sets every sequence to where production's stands, or past the rows that are here.
pub async fn sequences(production: &Session, target: &Session) -> Result<()> {
    let rows = production
        .query("SELECT schemaname::text, sequencename::text, last_value FROM pg_sequences", &[])
        .await
        .map_err(quiet("read production's sequences"))?;
    let last: BTreeMap<(String, String), Option<i64>> =
        rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
    for row in target.query(SEQUENCES, &[]).await.map_err(quiet("list the sequences"))? {
        let key: (String, String) = (row.get(0), row.get(1));
        let (step, table, column): (i64, Option<String>, Option<String>) =
            (row.get(2), row.get(3), row.get(4));
        let reached = match (table, column) {
            (Some(table), Some(column)) => {
                let end = if step < 0 { "min" } else { "max" };
                let statement = format!("SELECT {end}({})::int8 FROM {table}", quote_identifier(&column));
                target.query_one(&statement, &[]).await.map_err(quiet("read the highest key"))?.get(0)
            }
            _ => None,
        };
        let candidates = [last.get(&key).copied().flatten(), reached].into_iter().flatten();
        let value: Option<i64> = if step < 0 { candidates.min() } else { candidates.max() };
        if let Some(value) = value {
            let name = format!("{}.{}", quote_identifier(&key.0), quote_identifier(&key.1));
            let statement = format!("SELECT setval({}, {value})", quote_literal(&name));
            target.batch_execute(&statement).await.map_err(quiet(format!("set sequence {name}")))?;
        }
    }
    Ok(())
}

/// Fills the materialized views that production has filled, those first that others read, then gathers
/// statistics.
pub async fn refresh(production: &Session, target: &Session) -> Result<()> {
    let unfilled = async |session: &Session| -> Result<Vec<String>> {
        let rows = session.query(VIEWS, &[]).await.map_err(quiet("list the views"))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    };
    let empty_there = unfilled(production).await?;
    loop {
        let mut views = unfilled(target).await?;
        views.retain(|view| !empty_there.contains(view));
        if views.is_empty() {
            break;
        }
        let (mut filled, mut refused) = (0, None);
        for view in &views {
            match target.batch_execute(&format!("REFRESH MATERIALIZED VIEW {view}")).await {
                Ok(()) => filled += 1,
                Err(error) => refused = Some(quiet(format!("refresh {view}"))(error)),
            }
        }
        if let (0, Some(error)) = (filled, refused) {
            return Err(error);
        }
    }
    target.batch_execute("ANALYZE").await.map_err(quiet("gather statistics"))
}
