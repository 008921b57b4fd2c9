//! What was seen while something ran on a clone, whatever ran it: each statement with its time, the
//! locks it took, what it read, wrote and changed. Pure.

use super::locks::LockTaken;

/// A relation as it was before the migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    /// pg_class.relkind.
    pub kind: String,
    pub columns: Vec<ColumnSeen>,
}

impl Relation {
    /// Quoted where it must be, and qualified.
    pub fn quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

/// As the server's `quote_ident`, but for keywords.
pub fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { crate::model::quote_identifier(name) }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSeen {
    pub number: i16,
    pub name: String,
    /// As `format_type` gives it.
    pub kind: String,
    pub not_null: bool,
    /// A default, an identity, or generated.
    pub filled: bool,
}

impl ColumnSeen {
    /// Parses a line of `columns.sql`.
    pub fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split('\t');
        Some(Self {
            number: parts.next()?.parse().ok()?,
            name: parts.next()?.to_owned(),
            kind: parts.next()?.to_owned(),
            not_null: parts.next()? == "t",
            filled: parts.next()? == "t",
        })
    }
}

/// What a statement did to a relation that was there before.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Its file was written anew, or emptied.
    Rewritten,
    /// An index was built on it.
    IndexBuilt { index: String, concurrently: bool },
    /// It was read as a whole, this many rows.
    Scanned { rows: i64 },
    Written { inserted: i64, updated: i64, deleted: i64 },
    Dropped,
    /// Renamed, or moved to another schema: the new name, quoted and qualified.
    Renamed { to: String },
    /// To `u`nlogged or back to `p`ermanent.
    Persistence { to: String },
    ColumnAdded(ColumnSeen),
    ColumnDropped(ColumnSeen),
    ColumnRenamed { from: String, to: String },
    ColumnType { column: String, from: String, to: String },
    NotNullSet { column: String },
}

/// A statement as it ran.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// Numbers the connections of the command, from 1.
    pub connection: u32,
    /// Statements of one transaction share this number.
    pub transaction: u64,
    pub text: String,
    /// Milliseconds since the trace began.
    pub start_ms: f64,
    pub ms: f64,
    /// Rows that it changed or returned.
    pub rows: u64,
    pub locks: Vec<LockTaken>,
    /// The relation's object number and what became of it.
    pub changes: Vec<(u32, Change)>,
    /// Write-ahead log of the whole server meanwhile, in bytes.
    pub wal_bytes: i64,
    /// SQLSTATE and message where it failed.
    pub error: Option<(String, String)>,
    /// Milliseconds since the trace began until its locks were given back.
    pub end_ms: f64,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    /// What was there before, by object number.
    pub before: std::collections::BTreeMap<u32, Relation>,
    pub statements: Vec<Seen>,
    /// What could not be watched, a line each.
    pub problems: Vec<String>,
}

impl Trace {
    /// The relation as it was called before the migration.
    pub fn name(&self, oid: u32) -> String {
        self.before.get(&oid).map_or_else(|| format!("relation {oid}"), Relation::quoted)
    }

    /// Tables and indexes that a statement wrote anew, by name.
    pub fn rewrites(&self, seen: &Seen) -> Vec<String> {
        seen.changes
            .iter()
            .filter(|(_, change)| *change == Change::Rewritten)
            .map(|(oid, _)| self.name(*oid))
            .collect()
    }
}
