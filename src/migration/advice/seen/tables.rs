//! What a statement did to a table with rows: dropped, rewritten, scanned, emptied. Pure.

use super::super::facts::Named;
use super::super::rules;
use super::{Finder, Held, MANY, lasting, says};
use crate::migration::locks::LockMode;
use crate::migration::trace::{Change, Relation, Seen};

impl Finder<'_> {
    pub(super) fn table(&mut self, seen: &Seen, table: &Relation, changes: &[&Change], held: &Held) {
        let (rows, name) = (self.facts.rows(table.oid), table.quoted());
        if changes.contains(&&Change::Dropped) {
            let rule = if rows > 0 { &rules::DROP_TABLE } else { &rules::GONE };
            return self.add(rule, Some(seen), &name, format!("seen: dropped with {rows} rows"), &[]);
        }
        for change in changes {
            match change {
                Change::Renamed { to } if !self.facts.is_there(&name) => {
                    self.add(&rules::RENAME_TABLE, Some(seen), &name, format!("seen: now {to}"), &[]);
                }
                Change::Written { updated, .. } if updated * 2 > rows && *updated >= MANY => {
                    let what = format!("seen: {updated} of {rows} rows in {:.1} ms", seen.ms);
                    self.add(&rules::UPDATE_ALL, Some(seen), &name, what, &[]);
                }
                Change::Written { deleted, .. } if deleted * 2 > rows && rows > 0 => {
                    let what = format!("seen: {deleted} of {rows} rows");
                    self.add(&rules::DELETE_ALL, Some(seen), &name, what, &[]);
                }
                _ => {}
            }
        }
        if rows == 0 {
            return;
        }
        let what = format!("{}; {rows} rows", lasting(seen));
        let mode = held.get(&table.oid).copied().unwrap_or(LockMode::AccessShare);
        let built = changes.iter().find_map(|change| match change {
            Change::IndexBuilt { index, concurrently: false } => Some(index),
            _ => None,
        });
        let scanned = changes.iter().any(|change| matches!(change, Change::Scanned { .. }));
        if changes.contains(&&Change::Rewritten) {
            self.rewritten(seen, table, changes, scanned, what.clone());
        } else if let Some(index) = built.filter(|_| mode.blocks_writes()) {
            let own = seen.locks.iter().any(|lock| lock.oid == table.oid && lock.mode.blocks_reads());
            let rule = if own { &rules::INDEX_EXCLUSIVE } else { &rules::INDEX };
            self.add(rule, Some(seen), &name, what.clone(), &[("index", index)]);
        } else if scanned && mode.blocks_writes() {
            self.scanned(seen, table, mode, what.clone());
        }
        if let Some(Change::NotNullSet { column }) =
            changes.iter().find(|change| matches!(change, Change::NotNullSet { .. })).filter(|_| scanned)
        {
            self.add(&rules::SCAN_NOT_NULL, Some(seen), &name, what, &[("column", column)]);
        }
    }

    fn rewritten(&mut self, seen: &Seen, table: &Relation, changes: &[&Change], scanned: bool, what: String) {
        let (mut rule, mut fill) = (&rules::REWRITE, Vec::new());
        let emptied =
            !scanned && (says(seen, "truncate") || !says(seen, "cluster") && !says(seen, "tablespace"));
        if emptied {
            rule = &rules::TRUNCATE;
        }
        for change in changes {
            match change {
                Change::ColumnType { column, to, .. } => {
                    rule = &rules::REWRITE_TYPE;
                    fill = vec![("column", column.as_str()), ("type", to.as_str())];
                }
                Change::ColumnAdded(column) if fill.is_empty() => {
                    rule = &rules::REWRITE_DEFAULT;
                    fill = vec![("column", column.name.as_str()), ("type", column.kind.as_str())];
                }
                Change::Persistence { .. } => rule = &rules::PERSISTENCE,
                _ => {}
            }
        }
        self.add(rule, Some(seen), &table.quoted(), what, &fill);
    }

    fn scanned(&mut self, seen: &Seen, table: &Relation, mode: LockMode, what: String) {
        let name = table.quoted();
        let constraint = |kind: &str| {
            self.facts.new_constraints(table.oid).find(|named| named.kind.ends_with(kind)).cloned()
        };
        if says(seen, "attach") {
            return self.add(&rules::SCAN_PARTITION, Some(seen), &name, what, &[]);
        }
        let fill =
            |named: &Named| (named.name.clone(), named.identity.trim_end_matches(" NOT VALID").to_owned());
        if let Some((constraint, definition)) = constraint(" f").as_ref().map(fill) {
            let fill = [("constraint", constraint.as_str()), ("definition", definition.as_str())];
            self.add(&rules::SCAN_FOREIGN_KEY, Some(seen), &name, what, &fill);
        } else if mode.blocks_reads() {
            let took = seen.locks.iter().any(|lock| lock.oid == table.oid && lock.mode.blocks_reads());
            let Some(named) = constraint(" c").filter(|_| took) else { return };
            let (constraint, definition) = fill(&named);
            let fill = [("constraint", constraint.as_str()), ("definition", definition.as_str())];
            self.add(&rules::SCAN_CHECK, Some(seen), &name, what, &fill);
        }
    }
}
