//! Rows from production's snapshot to the new database, masked between the two COPY streams.
//! Memory does not grow with the rows.

use std::pin::Pin;
use std::time::Instant;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::{SinkExt as _, TryStreamExt as _};

use super::cells;
use super::leak::Originals;
use super::lines::Lines;
use super::mask::{Masker, copytext};
use super::model::{Column, RowId, Rows, Selection, Table};
use super::prepare::Prepared;
use super::quiet::quiet;
use super::row::{Tid, by_partition};
use super::subset::rows::from;
use crate::config::masking::Strategy;
use crate::failure::Failure;
use crate::model::quote_identifier;
use crate::postgres::Session;
use crate::ui::Ui;

/// Rows asked for at once.
const BATCH: usize = 2000;
/// Bytes sent at once.
const FRAME: usize = 64 * 1024;

/// What went over for a table.
#[derive(Debug, Clone, Default)]
pub struct Transferred {
    pub rows: u64,
    /// As COPY text.
    pub bytes: u64,
    pub masked_cells: u64,
    pub nulled: u64,
    pub ms: u64,
}

/// A first reading of the masked columns: what must not be found later, and what no mask may equal.
pub async fn originals(prepared: &Prepared, key: [u64; 2]) -> Result<Originals> {
    let originals = Originals::new(key);
    let mut collector = originals.collector();
    for (name, selection) in &prepared.subset {
        let Some(table) = prepared.catalog.table(name) else { continue };
        let columns: Vec<(&Column, &Strategy)> = columns(table)
            .filter_map(|column| Some((column, prepared.rules.get(&(name.clone(), column.name.clone()))?)))
            .filter(|(_, strategy)| !matches!(strategy, Strategy::Keep(_)))
            .collect();
        if columns.is_empty() {
            continue;
        }
        let names: Vec<&Column> = columns.iter().map(|(column, _)| *column).collect();
        read(
            &prepared.production,
            table,
            &names,
            selection,
            &mut |_, fields| {
                for (field, (column, strategy)) in fields.iter().zip(&columns) {
                    let Some(text) = copytext::decode(field)? else { continue };
                    let mut full = Ok(());
                    cells::rewrite(strategy, column, &text, &mut |rule, _, value| {
                        if full.is_ok() {
                            full = collector.add(rule, value);
                        }
                        Ok(Some(value.to_owned()))
                    })
                    .with_context(|| format!("read column {name}.{}", column.name))?;
                    full?;
                }
                collector.end_row();
                Ok(None)
            },
            None,
        )
        .await
        .with_context(|| format!("read table {name}"))?;
    }
    collector.finish()?;
    Ok(originals)
}

/// Copies one table.
pub async fn table(
    prepared: &Prepared,
    target: &Session,
    masker: &Masker,
    table: &Table,
    selection: &Selection,
    ui: &Ui,
) -> Result<Transferred> {
    let start = Instant::now();
    let name = &table.name;
    let columns: Vec<&Column> = columns(table).collect();
    let rules: Vec<Option<&Strategy>> =
        columns.iter().map(|column| prepared.rules.get(&(name.clone(), column.name.clone()))).collect();
    let list: Vec<String> = columns.iter().map(|column| quote_identifier(&column.name)).collect();
    let statement = format!("COPY {} ({}) FROM STDIN", name.sql(), list.join(", "));
    // The files that a TRUNCATE makes go at once when its transaction fails. Without it, a copy that has
    // filled the server's disk would leave it full, and a server that cannot write a checkpoint ends.
    let only = if table.partitioned { "" } else { "ONLY " };
    let begin = format!("BEGIN; TRUNCATE {only}{}", name.sql());
    target.batch_execute(&begin).await.map_err(quiet(format!("begin to write {name}")))?;
    let sink = target.copy_in::<_, Bytes>(&statement).await.map_err(quiet(format!("write {name}")))?;
    let mut sink = Box::pin(sink);
    let (id, total) = (format!("copy {name}"), selection.rows.len());
    let mut done = Transferred::default();
    let none = std::collections::BTreeSet::new();
    read(
        &prepared.production,
        table,
        &columns,
        selection,
        &mut |row, fields| {
            let nulled = selection.nulled.get(row).unwrap_or(&none);
            let mut line = Vec::with_capacity(256);
            for (index, (field, column)) in fields.iter().zip(&columns).enumerate() {
                if index > 0 {
                    line.push(b'\t');
                }
                if nulled.contains(&column.name) || selection.emptied.contains(&column.name) {
                    done.nulled += u64::from(*field != b"\\N");
                    line.extend_from_slice(b"\\N");
                    continue;
                }
                match rules[index] {
                    None | Some(Strategy::Keep(_)) => line.extend_from_slice(field),
                    Some(strategy) => {
                        let at = || format!("mask column {name}.{}", column.name);
                        let Some(text) = copytext::decode(field).with_context(at)? else {
                            line.extend_from_slice(field);
                            continue;
                        };
                        let masked = cells::rewrite(strategy, column, &text, &mut |rule, shape, value| {
                            masker.mask(rule, value, shape)
                        })
                        .map_err(|error| {
                            Failure::refused(format!("column {name}.{}: {error}", column.name))
                                .hint(format!("decide about it in `masking.tables.{name}.{}`", column.name))
                        })
                        .with_context(at)?;
                        done.masked_cells += u64::from(masked.as_deref() != Some(&text));
                        copytext::encode(masked.as_deref(), &mut line);
                    }
                }
            }
            line.push(b'\n');
            done.rows += 1;
            done.bytes += line.len() as u64;
            if done.rows.is_multiple_of(1000) {
                ui.step_progress(&id, done.rows, total, "rows");
            }
            Ok(Some(line))
        },
        Some(sink.as_mut()),
    )
    .await?;
    sink.as_mut().finish().await.map_err(quiet(format!("write {name}")))?;
    target.batch_execute("COMMIT").await.map_err(quiet(format!("write {name}")))?;
    done.ms = start.elapsed().as_millis() as u64;
    Ok(done)
}

/// Those that can be written.
fn columns(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().filter(|column| !column.generated)
}

type Target<'s> = Pin<&'s mut tokio_postgres::CopyInSink<Bytes>>;
/// Sees a row's place and fields and gives the line to send on, if any.
type Row<'r> = dyn FnMut(&RowId, &[&[u8]]) -> Result<Option<Vec<u8>>> + Send + 'r;

async fn read(
    production: &Session,
    table: &Table,
    columns: &[&Column],
    selection: &Selection,
    row: &mut Row<'_>,
    mut target: Option<Target<'_>>,
) -> Result<()> {
    let Rows::Chosen(chosen) = &selection.rows else {
        return everything(production, table, columns, row, target).await;
    };
    let list: Vec<String> = std::iter::once("ctid".to_owned())
        .chain(columns.iter().map(|column| quote_identifier(&column.name)))
        .collect();
    let failed = quiet(format!("read {}", table.name));
    let mut frame: Vec<u8> = Vec::new();
    for (partition, places) in by_partition(chosen) {
        for ids in places.chunks(BATCH) {
            let quoted: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
            let statement = format!(
                "COPY (SELECT {} FROM {} WHERE tableoid = {partition} AND ctid = ANY ('{{{}}}'::tid[])) TO STDOUT",
                list.join(", "),
                table.name.sql(),
                quoted.join(","),
            );
            let stream = production.copy_out(&statement).await.map_err(&failed)?;
            futures_util::pin_mut!(stream);
            let mut lines = Lines::default();
            while let Some(chunk) = stream.try_next().await.map_err(&failed)? {
                lines.push(&chunk);
                while let Some(line) = lines.next() {
                    let fields: Vec<&[u8]> = copytext::fields(line).collect();
                    let (ctid, fields) = fields.split_first().context("a row without fields")?;
                    let id = RowId { partition, place: place(ctid)? };
                    if let Some(line) = row(&id, fields)? {
                        frame.extend_from_slice(&line);
                    }
                }
                if frame.len() >= FRAME
                    && let Some(target) = &mut target
                {
                    send(target, &mut frame, table).await?;
                }
            }
        }
    }
    match &mut target {
        Some(target) if !frame.is_empty() => send(target, &mut frame, table).await,
        _ => Ok(()),
    }
}

fn place(field: &[u8]) -> Result<Tid> {
    std::str::from_utf8(field).ok().and_then(Tid::parse).context("a row without its place")
}

/// Every row of a table, as one stream.
async fn everything(
    production: &Session,
    table: &Table,
    columns: &[&Column],
    row: &mut Row<'_>,
    mut target: Option<Target<'_>>,
) -> Result<()> {
    let list: Vec<String> = columns.iter().map(|column| quote_identifier(&column.name)).collect();
    let failed = quiet(format!("read {}", table.name));
    let statement = format!("COPY (SELECT {} FROM {}) TO STDOUT", list.join(", "), from(table));
    let stream = production.copy_out(&statement).await.map_err(&failed)?;
    futures_util::pin_mut!(stream);
    let (mut lines, mut frame) = (Lines::default(), Vec::new());
    // No cut is made row by row where every row crosses.
    let anywhere = RowId { partition: 0, place: Tid::new(0, 0) };
    while let Some(chunk) = stream.try_next().await.map_err(&failed)? {
        lines.push(&chunk);
        while let Some(line) = lines.next() {
            let fields: Vec<&[u8]> = copytext::fields(line).collect();
            if let Some(line) = row(&anywhere, &fields)? {
                frame.extend_from_slice(&line);
            }
        }
        if frame.len() >= FRAME
            && let Some(target) = &mut target
        {
            send(target, &mut frame, table).await?;
        }
    }
    match &mut target {
        Some(target) if !frame.is_empty() => send(target, &mut frame, table).await,
        _ => Ok(()),
    }
}

async fn send(target: &mut Target<'_>, frame: &mut Vec<u8>, table: &Table) -> Result<()> {
    let bytes = Bytes::from(std::mem::take(frame));
    target.send(bytes).await.map_err(quiet(format!("write {}", table.name)))
}
