//! Reads every table and materialized view of the new database and looks for originals.

use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::TryStreamExt as _;

use super::{Matcher, decode};
use crate::data::lines::Lines;
use crate::data::mask::copytext;
use crate::data::quiet::quiet;
use crate::model::quote_identifier;
use crate::postgres::Session;

const COLUMNS: &str = include_str!("../sql/scan_columns.sql");

/// What the scan of the new database found.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    pub bytes: u64,
    /// Rows by `table.column`.
    pub hits: BTreeMap<String, u64>,
}

/// Reads every table and materialized view of a database.
pub async fn scan(session: &Session, matcher: &Matcher, email_domain: &str) -> Result<Scan> {
    let mut tables: BTreeMap<(String, String), Vec<(String, bool)>> = BTreeMap::new();
    for row in session.query(COLUMNS, &[]).await.map_err(quiet("list the columns"))? {
        let base: String = row.get(3);
        tables.entry((row.get(0), row.get(1))).or_default().push((row.get(2), base == "bytea"));
    }
    let mut scan = Scan::default();
    let mut seeker = matcher.seeker(email_domain);
    for ((schema, table), columns) in &tables {
        let list: Vec<String> = columns.iter().map(|column| quote_identifier(&column.0)).collect();
        let statement = format!(
            "COPY (SELECT {} FROM ONLY {}.{}) TO STDOUT",
            list.join(", "),
            quote_identifier(schema),
            quote_identifier(table)
        );
        let stream = session.copy_out(&statement).await.map_err(quiet("read the new database"))?;
        futures_util::pin_mut!(stream);
        let mut lines = Lines::default();
        while let Some(chunk) = stream.try_next().await.map_err(quiet("read the new database"))? {
            scan.bytes += chunk.len() as u64;
            lines.push(&chunk);
            while let Some(line) = lines.next() {
                for (field, (column, is_bytes)) in copytext::fields(line).zip(columns) {
                    let Some(text) = copytext::decode(field)? else { continue };
                    let sight = if *is_bytes {
                        seeker.look(&decode::bytes(&unhex(&text)))
                    } else {
                        seeker.look(&text)
                    };
                    if sight.certain || sight.number || sight.foreign {
                        let prefix = if schema == "public" { String::new() } else { format!("{schema}.") };
                        *scan.hits.entry(format!("{prefix}{table}.{column}")).or_default() += 1;
                    }
                }
            }
        }
    }
    Ok(scan)
}

/// `\x616263` as bytes.
fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().skip(2).filter_map(|b| (b as char).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
