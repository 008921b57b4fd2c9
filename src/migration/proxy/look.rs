//! What is asked inside the migrating session after each statement, and what the answer says.

use super::frame::Frame;
use crate::migration::locks::LockMode;
use crate::migration::trace::ColumnSeen;

const COLUMNS: &str = include_str!("columns.sql");

/// The statement that asks for what the session has locked. `highest` is the greatest object number
/// before the migration.
pub fn locked(highest: u32) -> String {
    include_str!("look.sql").replace("MAX", &highest.to_string()).replace("COLUMNS", COLUMNS)
}

/// The statement that asks for every relation.
pub fn all() -> String {
    include_str!("look_all.sql").replace("COLUMNS", COLUMNS)
}

/// One relation as it is at this moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Looked {
    pub oid: u32,
    /// Absent where the relation has just been dropped.
    pub schema: Option<String>,
    pub name: Option<String>,
    pub kind: Option<String>,
    pub modes: Vec<LockMode>,
    pub file: u32,
    pub persistence: String,
    pub scans: i64,
    pub read: i64,
    pub inserted: i64,
    pub updated: i64,
    pub deleted: i64,
    /// Absent where the lock lets nobody change them.
    pub columns: Option<Vec<ColumnSeen>>,
    /// The table of an index.
    pub table: Option<u32>,
    /// Where the write-ahead log stands, in bytes.
    pub log: i64,
}

impl Looked {
    pub fn parse(row: &Frame) -> Self {
        Self::from_texts(row.row())
    }

    pub fn from_texts(mut row: Vec<Option<String>>) -> Self {
        row.resize(15, None);
        let mut columns = row.into_iter();
        let mut text = || columns.next().flatten();
        let number = |text: Option<String>| text.and_then(|t| t.parse::<i64>().ok()).unwrap_or_default();
        Self {
            oid: number(text()) as u32,
            schema: text(),
            name: text(),
            kind: text(),
            modes: text().unwrap_or_default().split(',').filter_map(LockMode::parse).collect(),
            file: number(text()) as u32,
            persistence: text().unwrap_or_default(),
            scans: number(text()),
            read: number(text()),
            inserted: number(text()),
            updated: number(text()),
            deleted: number(text()),
            columns: text().map(|lines| lines.lines().filter_map(ColumnSeen::parse).collect()),
            table: text().and_then(|t| t.parse().ok()),
            log: number(text()),
        }
    }
}

/// True for statements after which nothing new can be seen, so that they cost nothing: the
/// transaction's and the session's own, and reads of the catalogues.
pub fn is_idle(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let first = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let is = |words: &[&str]| words.iter().any(|word| first.eq_ignore_ascii_case(word));
    if is(&[
        "begin",
        "start",
        "commit",
        "rollback",
        "end",
        "abort",
        "savepoint",
        "release",
        "set",
        "reset",
        "show",
        "discard",
        "deallocate",
        "listen",
        "unlisten",
        "notify",
        "fetch",
        "close",
        "declare",
        "checkpoint",
    ]) {
        return true;
    }
    let catalogue =
        ["pg_catalog.", "information_schema.", "pg_class", "pg_type", "pg_namespace", "pg_advisory"];
    is(&["select"]) && catalogue.iter().any(|name| text.contains(name))
}

/// True where the locks are given back before the statement ends.
pub fn outlives_its_locks(text: &str) -> bool {
    let lower = text
        .trim_start()
        .get(..200.min(text.trim_start().len()))
        .map_or_else(|| text.to_ascii_lowercase(), str::to_ascii_lowercase);
    ["vacuum", "cluster", "reindex", "call"].iter().any(|word| lower.starts_with(word))
        || lower.contains("concurrently")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_lock_is_not_looked_at() {
        for text in
            ["BEGIN", " commit", "SET x = 1", "SELECT 1 FROM pg_catalog.pg_class", "release savepoint a"]
        {
            assert!(is_idle(text), "{text}");
        }
        for text in ["ALTER TABLE t ADD c int", "SELECT f()", "DO $$ $$", "LOCK TABLE t", "SETTLE"] {
            assert!(!is_idle(text), "{text}");
        }
    }

    #[test]
    fn a_dropped_relation_still_has_its_lock() {
        let row = |texts: &[Option<&str>]| texts.iter().map(|t| t.map(str::to_owned)).collect();
        let looked = Looked::from_texts(row(&[Some("17000"), None, None, None, Some("AccessExclusiveLock")]));
        assert_eq!((looked.oid, looked.name, looked.modes.len()), (17000, None, 1));
    }
}
