//! The work, cut into pieces that workers take one by one: ranges of about the same size, the pieces of
//! the largest table first.

use std::collections::BTreeMap;

use anyhow::Result;

use super::layout::{Format, Layout};
use crate::data::model::{Rows, Selection, TableName};
use crate::data::prepare::Prepared;
use crate::data::quiet::quiet;
use crate::data::row::{Tid, by_partition};

const PIECES: &str = include_str!("../sql/pieces.sql");
/// Bytes of a table that one piece reads.
const RANGE: u64 = 32 << 20;
/// So few bytes of chosen rows are written faster than the files of a table are exchanged.
const LITTLE: u64 = 4 << 20;
/// Rows asked for at once.
const BATCH: usize = 2000;
/// Since this version, a server reads a range of places without looking at the rest.
const RANGES_SINCE: u32 = 140_000;

/// What one worker reads and writes in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub table: TableName,
    /// Where the rows go.
    pub target: TableName,
    /// The only piece of its target, and worth files of its own.
    pub whole: bool,
    pub part: Part,
}

/// Which rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All of a table without partitions of its own.
    Whole { source: TableName },
    /// From block `from` to the block before `to`, or to the end.
    Blocks { source: TableName, from: u64, to: Option<u64> },
    /// Rows that were chosen one by one: the places in a partition.
    Places(Vec<(u32, Vec<Tid>)>),
}

/// Where rows lie in production.
#[derive(Debug, Clone)]
struct Leaf {
    name: TableName,
    bytes: u64,
    /// Or only through its root.
    readable: bool,
}

/// Cuts everything that crosses, and tells how many rows are to be expected.
pub async fn cut(prepared: &Prepared, layouts: &BTreeMap<TableName, Layout>) -> Result<(Vec<Piece>, u64)> {
    let names: Vec<&TableName> = layouts.keys().collect();
    let schemas: Vec<&str> = names.iter().map(|name| name.schema.as_str()).collect();
    let tables: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
    let production = &prepared.production;
    let block: String = production
        .query_one("SHOW block_size", &[])
        .await
        .map_err(quiet("read production's block size"))?
        .get(0);
    let block: u64 = block.parse().unwrap_or(8192);
    let mut leaves: BTreeMap<&TableName, (Vec<Leaf>, u64)> = BTreeMap::new();
    for row in production
        .query(PIECES, &[&schemas, &tables])
        .await
        .map_err(quiet("read the sizes of production's tables"))?
    {
        let place: i64 = row.get(0);
        let Some(table) = names.get(place as usize - 1) else { continue };
        let (list, rows) = leaves.entry(table).or_default();
        let bytes = row.get::<_, i64>(3).unsigned_abs();
        list.push(Leaf {
            name: TableName { schema: row.get(1), name: row.get(2) },
            bytes,
            readable: row.get(5),
        });
        *rows += row.get::<_, i64>(4).unsigned_abs();
    }
    let range = (prepared.catalog.server_version >= RANGES_SINCE).then_some(RANGE / block);
    let mut sized = Vec::new();
    let mut expected = 0;
    for (name, layout) in layouts {
        let Some(selection) = prepared.subset.get(name) else { continue };
        let (leaves, rows) = leaves.remove(name).unwrap_or_default();
        expected += selection.rows.len().unwrap_or(rows);
        let bytes = match &selection.rows {
            Rows::All => leaves.iter().map(|leaf| leaf.bytes).sum(),
            // Of a table that was never analyzed, each row may be all of it.
            Rows::Chosen(rows) => prepared.catalog.table(name).map_or(0, |table| {
                (table.bytes / table.estimated_rows.max(1)).saturating_mul(rows.len() as u64)
            }),
        };
        sized.push((bytes, pieces(layout, selection, bytes, &leaves, range, block)));
    }
    sized.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    Ok((sized.into_iter().flat_map(|(_, pieces)| pieces).collect(), expected))
}

fn pieces(
    layout: &Layout,
    selection: &Selection,
    bytes: u64,
    leaves: &[Leaf],
    range: Option<u64>,
    block: u64,
) -> Vec<Piece> {
    let table = &layout.name;
    if let Rows::Chosen(rows) = &selection.rows {
        let places = by_partition(rows).into_iter().collect();
        return vec![Piece {
            table: table.clone(),
            target: table.clone(),
            whole: bytes > LITTLE,
            part: Part::Places(places),
        }];
    }
    let mut pieces = Vec::new();
    if leaves.iter().any(|leaf| !leaf.readable) {
        let part = Part::Whole { source: table.clone() };
        return vec![Piece { table: table.clone(), target: table.clone(), whole: true, part }];
    }
    for leaf in leaves {
        let target = if layout.by_root { table } else { &leaf.name };
        let source = leaf.name.clone();
        let blocks = leaf.bytes.div_ceil(block);
        let parts: Vec<Part> = match range {
            Some(range) if blocks > range => (0..blocks.div_ceil(range))
                .map(|at| Part::Blocks {
                    source: source.clone(),
                    from: at * range,
                    to: ((at + 1) * range < blocks).then_some((at + 1) * range),
                })
                .collect(),
            _ => vec![Part::Whole { source }],
        };
        let whole = parts.len() == 1 && (target == &leaf.name || leaves.len() == 1);
        pieces.extend(parts.into_iter().map(|part| Piece {
            table: table.clone(),
            target: target.clone(),
            whole,
            part,
        }));
    }
    pieces
}

impl Piece {
    /// The statements that read it. `placed`: with each row's place as the first column.
    pub fn statements<'p>(
        &'p self,
        layout: &'p Layout,
        placed: bool,
    ) -> Box<dyn Iterator<Item = (u32, String)> + Send + 'p> {
        let copy = move |list: &str, rest: String| {
            let form = if layout.format == Format::Binary { " (FORMAT binary)" } else { "" };
            format!("COPY (SELECT {list} FROM {rest}) TO STDOUT{form}")
        };
        let list = layout.list();
        match &self.part {
            Part::Whole { source } => {
                let only = if layout.partitioned && *source == layout.name { "" } else { "ONLY " };
                Box::new(std::iter::once((0, copy(&list, format!("{only}{}", source.sql())))))
            }
            Part::Blocks { source, from, to } => {
                let end = to.map_or_else(String::new, |to| format!(" AND ctid < '({to},0)'"));
                let rest = format!("ONLY {} WHERE ctid >= '({from},0)'{end}", source.sql());
                Box::new(std::iter::once((0, copy(&list, rest))))
            }
            Part::Places(partitions) => {
                let only = if layout.partitioned { "" } else { "ONLY " };
                let list = match (placed, list.is_empty()) {
                    (false, _) => list,
                    (true, true) => "ctid".to_owned(),
                    (true, false) => format!("ctid, {list}"),
                };
                Box::new(partitions.iter().flat_map(move |(partition, places)| {
                    let list = list.clone();
                    places.chunks(BATCH).map(move |places| {
                        let places: Vec<String> = places.iter().map(|place| format!("\"{place}\"")).collect();
                        let rest = format!(
                            "{only}{} WHERE tableoid = {partition} AND ctid = ANY ('{{{}}}'::tid[])",
                            layout.name.sql(),
                            places.join(",")
                        );
                        (*partition, copy(&list, rest))
                    })
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> TableName {
        TableName { schema: "public".into(), name: name.into() }
    }

    fn layout(by_root: bool) -> Layout {
        Layout { name: name("t"), cells: vec![], format: Format::Binary, by_root, partitioned: true }
    }

    fn all() -> Selection {
        Selection { rows: Rows::All, ..Selection::default() }
    }

    #[test]
    fn ranges_cover_a_table_once_and_the_last_one_is_open() {
        let leaves = [Leaf { name: name("t"), bytes: 25 * 8192, readable: true }];
        let pieces = pieces(&layout(false), &all(), 0, &leaves, Some(10), 8192);
        let ranges: Vec<_> = pieces
            .iter()
            .map(|piece| match piece.part {
                Part::Blocks { from, to, .. } => (from, to),
                _ => (u64::MAX, None),
            })
            .collect();
        assert_eq!(ranges, [(0, Some(10)), (10, Some(20)), (20, None)]);
        assert!(pieces.iter().all(|piece| !piece.whole));
    }

    #[test]
    fn chosen_rows_of_some_size_get_files_of_their_own() {
        let selection = Selection { rows: Rows::Chosen(std::collections::BTreeSet::new()), ..all() };
        let whole = |bytes| pieces(&layout(false), &selection, bytes, &[], None, 8192)[0].whole;
        assert!(!whole(1 << 20) && whole(40 << 20));
    }

    #[test]
    fn small_tables_and_old_servers_give_one_piece() {
        let leaf = |leaf, bytes, readable| Leaf { name: name(leaf), bytes, readable };
        let leaves = [leaf("a", 0, true), leaf("b", 1 << 40, true)];
        let pieces_of = |by_root| pieces(&layout(by_root), &all(), 0, &leaves, None, 8192);
        assert!(pieces_of(false).iter().all(|piece| piece.whole && piece.target != name("t")));
        assert!(pieces_of(true).iter().all(|piece| !piece.whole && piece.target == name("t")));
        let closed = [leaf("a", 0, true), leaf("b", 1 << 40, false)];
        let [piece] = &pieces(&layout(false), &all(), 0, &closed, Some(10), 8192)[..] else { unreachable!() };
        let statements: Vec<_> = piece.statements(&layout(false), false).collect();
        assert_eq!(statements[0].1, "COPY (SELECT  FROM \"public\".\"t\") TO STDOUT (FORMAT binary)");
    }
}
