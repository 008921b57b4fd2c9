//! Rows out of one COPY stream into another: each plain value of a cell with a rule is seen, and masked.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use super::layout::{Cell, Format, Layout};
use crate::config::masking::Strategy;
use crate::data::binary::{Fields, Rows, put_end, put_field, put_start};
use crate::data::cells;
use crate::data::checksum::Checksum;
use crate::data::leak::Collector;
use crate::data::lines::Lines;
use crate::data::mask::{Masker, Shape, Unmaskable, copytext};
use crate::data::row::{RowId, Tid};
use crate::failure::Failure;

/// Columns set to NULL in single rows.
pub type Nulled = BTreeMap<RowId, BTreeSet<String>>;

/// What a worker does with the plain values it meets.
pub struct Work {
    collector: Collector,
    task: Task,
    full: Option<anyhow::Error>,
}

enum Task {
    /// Remembers values of the rules of which this is true.
    Gather(fn(&Strategy) -> bool),
    Mask(Masker),
}

impl Work {
    pub fn gather(collector: Collector, wanted: fn(&Strategy) -> bool) -> Self {
        Self { collector, task: Task::Gather(wanted), full: None }
    }

    pub fn mask(collector: Collector, masker: Masker) -> Self {
        Self { collector, task: Task::Mask(masker), full: None }
    }

    /// Hands over what the collector still holds.
    pub fn finish(self) -> Result<()> {
        self.collector.finish()
    }

    fn see(&mut self, rule: &Strategy, shape: &Shape, value: &str) -> Result<Option<String>, Unmaskable> {
        let wanted = match &self.task {
            Task::Gather(wanted) => wanted(rule),
            Task::Mask(_) => true,
        };
        if wanted {
            self.full = self.full.take().or(self.collector.add(rule, value).err());
        }
        match &self.task {
            Task::Gather(_) => Ok(Some(value.to_owned())),
            Task::Mask(masker) => masker.mask(rule, value, shape),
        }
    }

    fn end_row(&mut self) -> Result<()> {
        self.collector.end_row();
        self.full.take().map_or(Ok(()), Err)
    }
}

/// Whether a mask of this rule could by chance be what stands for somebody else: the originals must be
/// known before the first mask is made.
pub fn may_meet(rule: &Strategy) -> bool {
    match rule {
        Strategy::Phone
        | Strategy::Token
        | Strategy::Name
        | Strategy::ShortName
        | Strategy::Street
        | Strategy::Address => true,
        Strategy::Json(rules) => rules.values().any(|rule| may_meet(&rule.0)),
        Strategy::Elements(rule) => may_meet(&rule.0),
        _ => false,
    }
}

/// Whether production's server has masked the value already.
fn is_sql(rule: &Strategy) -> bool {
    matches!(rule, Strategy::Sql(_))
}

/// Counts of what went through.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub rows: u64,
    pub masked_cells: u64,
    pub nulled: u64,
}

/// Reads the rows of one piece and writes them anew.
pub struct Rewriter<'l> {
    layout: &'l Layout,
    /// With each row's place as its first field.
    nulled: Option<&'l Nulled>,
    partition: u32,
    reading: Reading,
    pub counts: Counts,
    /// Of the columns that cross as they are; only of the binary format.
    pub sum: Checksum,
}

enum Reading {
    Binary(Rows, Fields),
    Text(Lines),
}

impl<'l> Rewriter<'l> {
    pub fn new(layout: &'l Layout, nulled: Option<&'l Nulled>) -> Self {
        let mut rewriter = Self {
            layout,
            nulled,
            partition: 0,
            reading: Reading::Text(Lines::default()),
            counts: Counts::default(),
            sum: Checksum::default(),
        };
        rewriter.next_stream(0);
        rewriter
    }

    /// Another stream of the same piece follows.
    pub fn next_stream(&mut self, partition: u32) {
        self.partition = partition;
        self.reading = match self.layout.format {
            Format::Binary => Reading::Binary(Rows::default(), Fields::new()),
            Format::Text => Reading::Text(Lines::default()),
        };
    }

    /// Appends what stands before the rows.
    pub fn start(&self, out: &mut Vec<u8>) {
        if self.layout.format == Format::Binary {
            put_start(out);
        }
    }

    /// Appends what stands after them.
    pub fn end(&self, out: &mut Vec<u8>) {
        if self.layout.format == Format::Binary {
            put_end(out);
        }
    }

    /// # Errors
    /// When the stream has ended before its end mark.
    pub fn stream_ended(&self) -> Result<()> {
        match &self.reading {
            Reading::Binary(rows, _) if !rows.ended() => Err(Unmaskable::Malformed("COPY stream").into()),
            _ => Ok(()),
        }
    }

    /// Takes what has come and appends the rows that are whole.
    pub fn push(&mut self, bytes: &[u8], work: &mut Work, out: &mut Vec<u8>) -> Result<()> {
        // Taken out for the loop: the rows are read while the counts are written.
        let mut reading = std::mem::replace(&mut self.reading, Reading::Text(Lines::default()));
        let result = match &mut reading {
            Reading::Binary(rows, fields) => {
                rows.push(bytes);
                self.binary(rows, fields, work, out)
            }
            Reading::Text(lines) => {
                lines.push(bytes);
                self.text(lines, work, out)
            }
        };
        self.reading = reading;
        result
    }

    fn binary(
        &mut self,
        rows: &mut Rows,
        fields: &mut Fields,
        work: &mut Work,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        while let Some(row) = rows.next(fields)? {
            let mut places = fields.iter().map(|at| at.as_ref().map(|at| &row[at.clone()]));
            let nulled = match self.nulled {
                None => None,
                Some(nulled) => {
                    let tid = places
                        .next()
                        .flatten()
                        .and_then(|tid| Some((tid.first_chunk::<4>()?, tid.last_chunk::<2>()?)));
                    let (block, item) = tid.context("a row without its place")?;
                    let place = Tid::new(u32::from_be_bytes(*block), u16::from_be_bytes(*item));
                    nulled.get(&RowId { partition: self.partition, place })
                }
            };
            out.extend_from_slice(&(self.layout.cells.len() as i16).to_be_bytes());
            for (field, cell) in places.zip(&self.layout.cells) {
                let Some(field) = field else {
                    put_field(None, out);
                    continue;
                };
                if cell.emptied || nulled.is_some_and(|columns| columns.contains(&cell.column.name)) {
                    self.counts.nulled += 1;
                    put_field(None, out);
                    continue;
                }
                let Some(rule) = cell.rule.as_ref().filter(|rule| !is_sql(rule)) else {
                    self.counts.masked_cells += u64::from(cell.rule.is_some());
                    put_field(Some(field), out);
                    continue;
                };
                let at = out.len();
                out.extend_from_slice(&[0; 4]);
                let stays =
                    binary_cell(cell, rule, field, work, out).map_err(|error| self.refuse(cell, &error))?;
                if !stays {
                    out.truncate(at + 4);
                }
                let length = if stays { (out.len() - at - 4) as i32 } else { -1 };
                out[at..at + 4].copy_from_slice(&length.to_be_bytes());
                self.counts.masked_cells += u64::from(!stays || &out[at + 4..] != field);
            }
            let places = fields.iter().skip(usize::from(self.nulled.is_some()));
            let stays = |(_, cell): &(_, &Cell)| cell.rule.is_none() && !cell.emptied;
            self.sum.row(places.zip(&self.layout.cells).filter(stays).map(|(at, cell)| {
                let nulled = nulled.is_some_and(|columns| columns.contains(&cell.column.name));
                at.as_ref().filter(|_| !nulled).map(|at| &row[at.clone()])
            }));
            self.counts.rows += 1;
            work.end_row()?;
        }
        Ok(())
    }

    fn text(&mut self, lines: &mut Lines, work: &mut Work, out: &mut Vec<u8>) -> Result<()> {
        while let Some(line) = lines.next() {
            let mut fields = copytext::fields(line);
            let nulled = match self.nulled {
                None => None,
                Some(nulled) => {
                    let tid = fields.next().and_then(|field| Tid::parse(std::str::from_utf8(field).ok()?));
                    let place = tid.context("a row without its place")?;
                    nulled.get(&RowId { partition: self.partition, place })
                }
            };
            for (index, (field, cell)) in fields.zip(&self.layout.cells).enumerate() {
                if index > 0 {
                    out.push(b'\t');
                }
                if cell.emptied || nulled.is_some_and(|columns| columns.contains(&cell.column.name)) {
                    self.counts.nulled += u64::from(field != b"\\N");
                    copytext::encode(None, out);
                    continue;
                }
                if cell.rule.as_ref().is_some_and(is_sql) {
                    self.counts.masked_cells += u64::from(field != b"\\N");
                    out.extend_from_slice(field);
                    continue;
                }
                let refused = |error| self.refuse(cell, &error);
                let text = match &cell.rule {
                    None => None,
                    Some(rule) => copytext::decode(field).map_err(refused)?.map(|text| (rule, text)),
                };
                let Some((rule, text)) = text else {
                    out.extend_from_slice(field);
                    continue;
                };
                let masked = cells::rewrite(rule, &cell.column, &text, &mut |rule, shape, value| {
                    work.see(rule, shape, value)
                });
                let masked = masked.map_err(refused)?;
                self.counts.masked_cells += u64::from(masked.as_deref() != Some(&text));
                copytext::encode(masked.as_deref(), out);
            }
            out.push(b'\n');
            self.counts.rows += 1;
            work.end_row()?;
        }
        Ok(())
    }

    fn refuse(&self, cell: &Cell, error: &Unmaskable) -> anyhow::Error {
        let (table, column) = (&self.layout.name, &cell.column.name);
        let failure = Failure::refused(format!("column {table}.{column}: {error}"))
            .hint(format!("decide about it in `masking.tables.{table}.{column}`"));
        anyhow::Error::from(failure).context(format!("mask column {table}.{column}"))
    }
}

/// Appends the new form of a field; `false` is NULL.
fn binary_cell(
    cell: &Cell,
    rule: &Strategy,
    field: &[u8],
    work: &mut Work,
    out: &mut Vec<u8>,
) -> Result<bool, Unmaskable> {
    let Some(codec) = cell.codec else {
        // Only NULL goes without one.
        return Ok(false);
    };
    let stays = codec.rewrite(field, out, &mut |text| {
        let mut visit = |rule: &Strategy, shape: &Shape, value: &str| work.see(rule, shape, value);
        if codec.is_array {
            cells::element(rule, &cell.column, text, &mut visit)
        } else {
            cells::rewrite(rule, &cell.column, text, &mut visit)
        }
    })?;
    // An array of nothing but NULL says less than none.
    Ok(stays && *rule != Strategy::Null)
}
