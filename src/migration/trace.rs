//! What was seen while something ran on a clone, whatever ran it: each statement with its time, the
//! locks it took, what it read, wrote and changed. Pure.

use super::apply::{Applied, StatementRun};
use super::locks::LockTaken;
use super::statements::short;

/// A relation as it was before the migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    /// pg_class.relkind.
    pub kind: String,
    pub columns: Vec<ColumnSeen>,
    /// The table of an index.
    pub table: Option<u32>,
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
    IndexBuilt {
        index: String,
        concurrently: bool,
    },
    /// It was read as a whole, this many rows.
    Scanned {
        rows: i64,
    },
    Written {
        inserted: i64,
        updated: i64,
        deleted: i64,
    },
    Dropped,
    /// Renamed, or moved to another schema: the new name, quoted and qualified.
    Renamed {
        to: String,
    },
    /// To `u`nlogged or back to `p`ermanent.
    Persistence {
        to: String,
    },
    ColumnAdded(ColumnSeen),
    ColumnDropped(ColumnSeen),
    ColumnRenamed {
        from: String,
        to: String,
    },
    ColumnType {
        column: String,
        from: String,
        to: String,
    },
    NotNullSet {
        column: String,
    },
}

/// A statement as it ran.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// `file:line`, or the command and the number of the statement in it.
    pub place: String,
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

    /// Takes over what a later look at the same run has seen more.
    pub fn add(&mut self, later: Trace) {
        let known = self.statements.len();
        self.statements.extend(later.statements.into_iter().skip(known));
        self.problems = later.problems;
    }

    /// Gives the statements from `first` on their places, and the run its locks. A command's run
    /// becomes the statements that it ran.
    pub fn attribute(&mut self, first: usize, mut up: Applied, is_command: bool) -> Applied {
        if is_command {
            let line = up.statements.first().map(|run| run.place.clone()).unwrap_or_default();
            let line = up.stopped.as_ref().map_or(line, |stopped| stopped.place.clone());
            for (index, seen) in self.statements[first..].iter_mut().enumerate() {
                seen.place = format!("{line} #{}", index + 1);
            }
            let own = |seen: &&Seen| seen.error.is_none() && !seen.is_bookkeeping();
            up.statements = self.statements[first..].iter().filter(own).map(|seen| self.run(seen)).collect();
            return up;
        }
        let mut at = first;
        for run in &mut up.statements {
            // BEGIN and COMMIT of our own stand between them.
            let Some(found) =
                self.statements[at..].iter().position(|seen| short(&seen.text) == run.statement)
            else {
                continue;
            };
            at += found + 1;
            self.statements[at - 1].place.clone_from(&run.place);
            *run = StatementRun { rows: run.rows, ..self.run(&self.statements[at - 1]) };
        }
        if let (Some(stopped), Some(seen)) = (&up.stopped, self.statements.get_mut(at..)) {
            for seen in seen.iter_mut().filter(|seen| seen.error.is_some()) {
                seen.place.clone_from(&stopped.place);
            }
        }
        up
    }

    fn run(&self, seen: &Seen) -> StatementRun {
        StatementRun {
            place: seen.place.clone(),
            statement: short(&seen.text),
            ms: seen.ms,
            rows: seen.rows,
            locks: seen.locks.clone(),
            rewrites: self.rewrites(seen),
            wal_bytes: seen.wal_bytes,
        }
    }
}

impl Seen {
    /// Reads of the catalogues and the session's own affairs, of which a tool has many.
    pub fn is_bookkeeping(&self) -> bool {
        super::proxy::is_idle(&self.text)
    }
}
