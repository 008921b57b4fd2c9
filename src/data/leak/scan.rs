//! Reads everything that the new database holds, each part once, over several sessions: looks for
//! originals in all that can hold a text, and adds up what crossed as it was.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;
use tokio::task::JoinSet;

use super::columns::look;
use super::field::Look;
use super::objects;
use super::tally::Tally;
use super::{Matcher, Seeker};
use crate::data::binary::{Fields, Rows};
use crate::data::checksum::Checksum;
use crate::data::model::TableName;
use crate::data::quiet::quiet;
use crate::model::{DatabaseAddress, quote_identifier};
use crate::postgres::{Session, connect};

const COLUMNS: &str = include_str!("../sql/scan_columns.sql");
/// Blocks that a worker reads at a time: 64 MB.
const PART: u64 = 8192;
/// Before version 14, a range of places is no quicker to read than the whole table.
const RANGES: u32 = 140_000;

/// What is read, and how.
#[derive(Debug)]
pub struct Task<'a> {
    pub database: &'a DatabaseAddress,
    pub matcher: &'a Matcher,
    pub email_domain: &'a str,
    /// The columns to add up, for each table whose checksum is asked for.
    pub sums: &'a BTreeMap<TableName, Vec<String>>,
    pub workers: usize,
}

/// What the scan of the new database found.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    pub bytes: u64,
    /// Columns, large objects and texts of the schema that were looked through.
    pub places: u64,
    /// Cells by `table.column`; texts by their place.
    pub hits: BTreeMap<String, u64>,
    /// Texts of the schema with somebody's e-mail address that no row of production holds.
    pub addresses: Vec<String>,
    pub checksums: BTreeMap<TableName, Checksum>,
}

/// Reads the whole database.
///
/// # Errors
/// When it cannot be read to its end: nothing is proven then.
pub async fn scan(task: Task<'_>) -> Result<Scan> {
    let session = connect(task.database).await?;
    // To compile these statements takes longer than it saves.
    session.batch_execute("SET jit = off").await.map_err(quiet("prepare to read it back"))?;
    let relations = relations(&session, task.sums).await?;
    let mut scan = Scan::default();
    let mut seeker = task.matcher.seeker(task.email_domain);
    objects::schema(&session, &mut seeker, &mut scan).await?;
    objects::large(&session, &mut seeker, &mut scan).await?;

    let queue = Arc::new(Mutex::new(parts(&relations, &session).await?));
    let relations = Arc::new(relations);
    let mut workers = JoinSet::new();
    for _ in 0..task.workers.max(1) {
        let session = connect(task.database).await?;
        let mut worker = Worker {
            session,
            relations: Arc::clone(&relations),
            seeker: task.matcher.seeker(task.email_domain),
            seen: relations.iter().map(Seen::of).collect(),
            bytes: 0,
        };
        let queue = Arc::clone(&queue);
        workers.spawn(async move {
            let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
            while let Some(part) = next() {
                let name = &worker.relations[part.relation].name;
                let what = format!("read {name} of the new database");
                worker.read(part).await.context(what)?;
            }
            anyhow::Ok((worker.seen, worker.bytes))
        });
    }
    let mut seen: Vec<Seen> = relations.iter().map(Seen::of).collect();
    while let Some(worker) = workers.join_next().await {
        let (part, bytes) = worker.context("read the new database")??;
        scan.bytes += bytes;
        seen.iter_mut().zip(part).for_each(|(seen, part)| seen.merge(&part));
    }
    for (relation, seen) in relations.iter().zip(seen) {
        for ((column, _), tally) in relation.looks.iter().zip(&seen.tallies) {
            scan.places += 1;
            if tally.leaks() > 0 {
                *scan.hits.entry(format!("{}.{column}", relation.name)).or_default() += tally.leaks();
            }
        }
        if task.sums.contains_key(&relation.root) {
            scan.checksums.entry(relation.root.clone()).or_default().merge(seen.sum);
        }
    }
    Ok(scan)
}

/// A table, a partition or a materialized view.
#[derive(Debug)]
struct Relation {
    name: TableName,
    root: TableName,
    blocks: u64,
    /// The expressions of the stream.
    list: Vec<String>,
    /// Columns that are looked at, in the order of the stream from its start.
    looks: Vec<(String, Look)>,
    /// Fields that are added up.
    sums: Vec<usize>,
}

async fn relations(session: &Session, sums: &BTreeMap<TableName, Vec<String>>) -> Result<Vec<Relation>> {
    let rows = session.query(COLUMNS, &[]).await.map_err(quiet("list the columns"))?;
    let mut relations = Vec::new();
    for rows in rows.chunk_by(|a, b| a.get::<_, u32>(0) == b.get::<_, u32>(0)) {
        let name =
            |schema: usize, name: usize| TableName { schema: rows[0].get(schema), name: rows[0].get(name) };
        let mut relation = Relation {
            name: name(1, 2),
            root: name(3, 4),
            blocks: u64::try_from(rows[0].get::<_, i64>(5)).unwrap_or(0),
            list: Vec::new(),
            looks: Vec::new(),
            sums: Vec::new(),
        };
        for row in rows {
            let (column, base_type): (Option<String>, Option<String>) = (row.get(6), row.get(7));
            let Some((column, base_type)) = column.zip(base_type) else { continue };
            if let Some((expression, how)) = look(&column, &base_type, row.get(8)) {
                relation.list.push(expression);
                relation.looks.push((column, how));
            }
        }
        for column in sums.get(&relation.root).into_iter().flatten() {
            let plain = quote_identifier(column);
            let at = relation.list.iter().position(|expression| *expression == plain);
            relation.sums.push(at.unwrap_or(relation.list.len()));
            if at.is_none() {
                relation.list.push(plain);
            }
        }
        relations.push(relation);
    }
    Ok(relations)
}

/// A range of blocks of a relation.
#[derive(Debug, Clone, Copy)]
struct Part {
    relation: usize,
    blocks: Option<(u64, u64)>,
}

/// The parts, the largest last, where they are taken from.
async fn parts(relations: &[Relation], session: &Session) -> Result<Vec<Part>> {
    let version = session.query_one("SELECT current_setting('server_version_num')::int", &[]).await;
    let version: i32 = version.map_err(quiet("read the server's version"))?.get(0);
    let ranges = u32::try_from(version).unwrap_or(0) >= RANGES;
    let mut parts = Vec::new();
    for (relation, of) in relations.iter().enumerate() {
        if !ranges || of.blocks <= PART {
            parts.push((of.blocks, Part { relation, blocks: None }));
            continue;
        }
        for start in (0..of.blocks).step_by(PART as usize) {
            parts.push((PART, Part { relation, blocks: Some((start, start + PART)) }));
        }
    }
    parts.sort_by_key(|(blocks, part)| (*blocks, std::cmp::Reverse(part.relation)));
    Ok(parts.into_iter().map(|(_, part)| part).collect())
}

/// What one worker saw of a relation.
#[derive(Debug)]
struct Seen {
    tallies: Vec<Tally>,
    sum: Checksum,
}

impl Seen {
    fn of(relation: &Relation) -> Self {
        Self { tallies: vec![Tally::default(); relation.looks.len()], sum: Checksum::default() }
    }

    fn merge(&mut self, other: &Self) {
        self.sum.merge(other.sum);
        self.tallies.iter_mut().zip(&other.tallies).for_each(|(tally, other)| tally.merge(*other));
    }
}

struct Worker {
    session: Session,
    relations: Arc<Vec<Relation>>,
    seeker: Seeker,
    seen: Vec<Seen>,
    bytes: u64,
}

impl Worker {
    async fn read(&mut self, part: Part) -> Result<()> {
        let relation = &self.relations[part.relation];
        let seen = &mut self.seen[part.relation];
        let range = part.blocks.map_or(String::new(), |(from, to)| {
            format!(" WHERE ctid >= '({from},0)'::tid AND ctid < '({to},0)'::tid")
        });
        let list = relation.list.join(", ");
        let statement = format!(
            "COPY (SELECT {list} FROM ONLY {}{range}) TO STDOUT (FORMAT binary)",
            relation.name.sql()
        );
        let failed = quiet("receive its rows");
        let stream = self.session.copy_out(&statement).await.map_err(&failed)?;
        futures_util::pin_mut!(stream);
        let (mut rows, mut fields) = (Rows::default(), Fields::default());
        while let Some(chunk) = stream.try_next().await.map_err(&failed)? {
            self.bytes += chunk.len() as u64;
            rows.push(&chunk);
            while let Some(row) = rows.next(&mut fields)? {
                row_seen(relation, seen, &mut self.seeker, row, &fields);
            }
        }
        anyhow::ensure!(rows.ended(), "the stream was cut");
        Ok(())
    }
}

fn row_seen(relation: &Relation, seen: &mut Seen, seeker: &mut Seeker, row: &[u8], fields: &Fields) {
    let field = |at: usize| fields.get(at).cloned().flatten().map(|range| &row[range]);
    for (at, ((_, how), tally)) in relation.looks.iter().zip(&mut seen.tallies).enumerate() {
        if let Some(text) = field(at).and_then(|bytes| how.text(bytes)) {
            tally.see(seeker.look(&text));
        }
    }
    seen.sum.row(relation.sums.iter().map(|&at| field(at)));
}
