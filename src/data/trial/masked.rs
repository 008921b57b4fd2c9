//! Rows of production with the masks that they would get.

use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;

use crate::config::masking::Strategy;
use crate::data::cells;
use crate::data::lines::Lines;
use crate::data::mask::{Masker, copytext};
use crate::data::model::{Column, Rows, Table};
use crate::data::quiet::quiet;
use crate::data::row::by_partition;
use crate::data::subset::rows::from;
use crate::model::quote_identifier;
use crate::postgres::Session;

/// Rows whose places go into one statement.
const BATCH: usize = 2_000;

/// Which columns of a table are read, each with its rule where it has one that changes values.
pub struct Sample<'a> {
    pub table: &'a Table,
    pub columns: Vec<(&'a Column, Option<&'a Strategy>)>,
    /// SQL.
    pub condition: Option<&'a str>,
    /// The first so many rows; every one without it.
    pub most: Option<usize>,
}

/// A row before and after, as text; `None` is NULL.
pub struct Masked {
    pub originals: Vec<Option<String>>,
    pub masks: Vec<Option<String>>,
}

/// Reads the rows that would cross, and masks them.
///
/// # Errors
/// Fails where production does not answer, or a value cannot be masked.
pub async fn each(
    session: &Session,
    masker: &Masker,
    sample: &Sample<'_>,
    rows: &Rows,
    see: &mut dyn FnMut(Masked),
) -> Result<()> {
    for statement in statements(sample, rows) {
        let stream = session.copy_out(&statement).await.map_err(quiet("read production"))?;
        futures_util::pin_mut!(stream);
        let mut lines = Lines::default();
        while let Some(chunk) = stream.try_next().await.map_err(quiet("read production"))? {
            lines.push(&chunk);
            while let Some(line) = lines.next() {
                see(masked(masker, &sample.columns, line)?);
            }
        }
    }
    Ok(())
}

/// One line of COPY: the columns, then what SQL makes of those that it masks.
pub fn masked(masker: &Masker, columns: &[(&Column, Option<&Strategy>)], line: &[u8]) -> Result<Masked> {
    let mut fields = copytext::fields(line).map(copytext::decode);
    let mut originals = Vec::with_capacity(columns.len());
    for field in fields.by_ref().take(columns.len()) {
        originals.push(field?.map(std::borrow::Cow::into_owned));
    }
    let mut masks = Vec::with_capacity(columns.len());
    for ((column, rule), original) in columns.iter().zip(&originals) {
        masks.push(match (rule, original) {
            (Some(Strategy::Sql(_)), _) => {
                let made = fields.next().context("a row without what SQL makes of it")?;
                made?.map(std::borrow::Cow::into_owned)
            }
            (_, None) => None,
            (None, Some(text)) => Some(text.clone()),
            (Some(rule), Some(text)) => {
                let mut visit = |rule: &Strategy, shape: &_, value: &str| masker.mask(rule, value, shape);
                cells::rewrite(rule, column, text, &mut visit)
                    .with_context(|| format!("mask column {}", column.name))?
            }
        });
    }
    Ok(Masked { originals, masks })
}

fn statements(sample: &Sample<'_>, rows: &Rows) -> Vec<String> {
    let name = |(column, _): &(&Column, _)| quote_identifier(&column.name);
    let mut list: Vec<String> = sample.columns.iter().map(name).collect();
    list.extend(sample.columns.iter().filter_map(|(column, rule)| match rule {
        Some(Strategy::Sql(expression)) => Some(column.made_by(expression)),
        _ => None,
    }));
    let list = list.join(", ");
    let condition = sample.condition.map_or_else(String::new, |condition| format!(" AND ({condition})"));
    let copy = |places: &str, end: &str| {
        let from = from(sample.table);
        format!("COPY (SELECT {list} FROM {from} WHERE {places}{condition}{end}) TO STDOUT")
    };
    match rows {
        Rows::All => {
            let end = sample.most.map_or_else(String::new, |most| format!(" LIMIT {most}"));
            vec![copy("true", &end)]
        }
        Rows::Chosen(chosen) => {
            let chosen = chosen.iter().take(sample.most.unwrap_or(usize::MAX)).copied().collect();
            by_partition(&chosen)
                .iter()
                .flat_map(|(partition, places)| {
                    places.chunks(BATCH).map(move |places| {
                        let quoted: Vec<String> = places.iter().map(|place| format!("\"{place}\"")).collect();
                        format!("tableoid = {partition} AND ctid = ANY ('{{{}}}'::tid[])", quoted.join(","))
                    })
                })
                .map(|places| copy(&places, ""))
                .collect()
        }
    }
}
