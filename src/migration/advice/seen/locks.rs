//! What a transaction holds while it works, and which tables it locks together. Pure.

use std::collections::BTreeMap;

use super::super::rules::{self, Harm};
use super::{Finder, Held, MANY, says};
use crate::migration::locks::LockMode;
use crate::migration::trace::{Change, Seen};

impl Finder<'_> {
    /// A statement that works on many rows while an earlier one keeps everybody out.
    pub(super) fn work_under_lock(&mut self, seen: &Seen, earlier: &Held) {
        let rows = |change: &Change| match change {
            Change::Scanned { rows } => *rows,
            Change::Written { inserted, updated, deleted } => inserted + updated + deleted,
            _ => 0,
        };
        let most = seen.changes.iter().map(|(_, change)| rows(change)).max().unwrap_or_default();
        let locked = earlier.iter().find(|(oid, mode)| mode.blocks_reads() && self.is_table_with_rows(**oid));
        if let (true, Some((oid, _))) = (most >= MANY, locked) {
            let what = format!("seen: {most} rows in {:.1} ms", seen.ms);
            self.add(&rules::WORK_UNDER_LOCK, Some(seen), &self.trace.name(*oid), what, &[]);
        }
    }

    pub(super) fn explicit_lock(&mut self, seen: &Seen) {
        if !seen.changes.is_empty() || !says(seen, "lock") {
            return;
        }
        let strong = |mode: LockMode| mode.blocks_writes();
        for lock in seen.locks.iter().filter(|lock| strong(lock.mode)) {
            if self.is_table_with_rows(lock.oid) {
                let what = format!("seen: {}", lock.line());
                self.add(&rules::EXPLICIT_LOCK, Some(seen), &lock.relation, what, &[]);
                if let Some(last) = self.found.last_mut().filter(|_| !lock.mode.blocks_reads()) {
                    last.harm = Harm::BlocksWrites;
                }
            }
        }
    }

    fn is_table_with_rows(&self, oid: u32) -> bool {
        self.facts.rows(oid) > 0
            && self.trace.before.get(&oid).is_some_and(|relation| matches!(relation.kind.as_str(), "r" | "p"))
    }

    pub(super) fn transactions(&mut self, all: &BTreeMap<u64, Held>) {
        let tables = |held: &Held| {
            held.iter()
                .filter(|(oid, mode)| mode.blocks_reads() && self.is_table_with_rows(**oid))
                .map(|(oid, _)| self.trace.name(*oid))
                .collect::<Vec<_>>()
        };
        let locked: Vec<(u64, Vec<String>)> =
            all.iter().map(|(number, held)| (*number, tables(held))).collect();
        for (number, names) in locked.iter().filter(|(_, names)| names.len() > 1) {
            let seen = self.trace.statements.iter().rfind(|seen| seen.transaction == *number);
            self.add(
                &rules::SEVERAL_TABLES,
                seen,
                &names.join(", "),
                format!("seen: {} tables", names.len()),
                &[],
            );
        }
        let timeout = self.trace.statements.iter().any(|seen| says(seen, "lock_timeout"));
        if let Some(name) = locked.iter().find_map(|(_, names)| names.first()).filter(|_| !timeout) {
            self.add(&rules::NO_LOCK_TIMEOUT, None, name, "seen: no SET lock_timeout".to_owned(), &[]);
        }
    }
}
