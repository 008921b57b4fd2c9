//! Finds unsafe patterns in what was seen: locks on tables with rows together with what was done
//! under them. A table that the migration itself has made is no finding. Pure.

use std::collections::BTreeMap;

use super::facts::{Facts, Named};
use super::rules::{self, Harm, Rule};
use super::{Finding, types};
use crate::migration::locks::LockMode;
use crate::migration::statements::short;
use crate::migration::trace::{Change, Relation, Seen, Trace};

/// Fewer rows than this are read or written in no time, whatever waits for it.
const MANY: i64 = 1000;

/// The strongest lock per table that a transaction holds.
type Held = BTreeMap<u32, LockMode>;

/// Finds what is unsafe.
pub fn advise(trace: &Trace, facts: &Facts) -> Vec<Finding> {
    let mut finder = Finder { trace, facts, found: Vec::new() };
    let mut transactions: BTreeMap<u64, Held> = BTreeMap::new();
    for seen in &trace.statements {
        let held = transactions.entry(seen.transaction).or_default();
        let earlier = held.clone();
        for lock in &seen.locks {
            let mode = held.entry(lock.oid).or_insert(lock.mode);
            *mode = lock.mode.max(*mode);
        }
        finder.statement(seen, &earlier, held);
    }
    finder.transactions(&transactions);
    finder.left_behind();
    finder.found
}

struct Finder<'a> {
    trace: &'a Trace,
    facts: &'a Facts,
    found: Vec<Finding>,
}

impl Finder<'_> {
    fn add(&mut self, rule: &Rule, seen: Option<&Seen>, object: &str, what: String, fill: &[(&str, &str)]) {
        let mut safe = rule.safe.to_owned();
        for (name, value) in fill {
            safe = safe.replace(&format!("{{{name}}}"), value);
        }
        let finding = Finding {
            rule: rule.id,
            harm: rule.harm,
            title: rule.title,
            place: seen.map_or_else(|| "migration".to_owned(), |seen| seen.place.clone()),
            statement: seen.map_or_else(String::new, |seen| short(&seen.text)),
            object: object.to_owned(),
            seen: what,
            safe: safe.replace("{table}", object),
        };
        let same = |old: &Finding| {
            (old.rule, &old.place, &old.object, &old.statement)
                == (finding.rule, &finding.place, &finding.object, &finding.statement)
        };
        if !self.found.iter().any(same) {
            self.found.push(finding);
        }
    }

    fn statement(&mut self, seen: &Seen, earlier: &Held, held: &Held) {
        if let Some((code, message)) = &seen.error {
            if code.starts_with("22") || code.starts_with("23") {
                self.add(&rules::FAILED_ON_ROWS, Some(seen), "rows", format!("{message} ({code})"), &[]);
            }
            return;
        }
        let mut by_relation: BTreeMap<u32, Vec<&Change>> = BTreeMap::new();
        for (oid, change) in &seen.changes {
            by_relation.entry(*oid).or_default().push(change);
        }
        for (oid, changes) in &by_relation {
            let Some(relation) = self.trace.before.get(oid) else { continue };
            match relation.kind.as_str() {
                "i" => self.index(seen, relation, changes, &by_relation),
                "m" if changes.contains(&&Change::Rewritten) && self.facts.rows(*oid) > 0 => {
                    let what = lasting(seen);
                    self.add(&rules::REFRESH, Some(seen), &relation.quoted(), what, &[]);
                }
                "r" | "p" => {
                    self.table(seen, relation, changes, held);
                    self.columns(seen, relation, changes);
                }
                _ => {}
            }
        }
        self.work_under_lock(seen, earlier);
        self.explicit_lock(seen);
    }

    fn index(
        &mut self,
        seen: &Seen,
        index: &Relation,
        changes: &[&Change],
        all: &BTreeMap<u32, Vec<&Change>>,
    ) {
        let Some(table) = index.table else { return };
        let alone = all.get(&table).is_none_or(|changes| {
            !changes.iter().any(|change| {
                matches!(change, Change::Rewritten | Change::Dropped | Change::ColumnDropped(_))
            })
        });
        if !alone || self.facts.rows(table) == 0 {
            return;
        }
        let blocks = seen.locks.iter().any(|lock| lock.oid == table && lock.mode.blocks_writes());
        let name = self.trace.name(table);
        let what = lasting(seen);
        if changes.contains(&&Change::Rewritten) && blocks {
            self.add(&rules::REINDEX, Some(seen), &name, what, &[("index", &index.quoted())]);
        } else if changes.contains(&&Change::Dropped) && blocks && says(seen, "index") {
            self.add(&rules::DROP_INDEX, Some(seen), &name, what, &[("index", &index.quoted())]);
        }
    }

    fn table(&mut self, seen: &Seen, table: &Relation, changes: &[&Change], held: &Held) {
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

    fn columns(&mut self, seen: &Seen, table: &Relation, changes: &[&Change]) {
        let name = table.quoted();
        let was_there = |column: &str| table.columns.iter().any(|old| old.name == column);
        for change in changes {
            match change {
                Change::ColumnDropped(column) if was_there(&column.name) => {
                    let filled = self.facts.filled.contains(&(table.oid, column.number));
                    let (rule, what) = if filled {
                        (&rules::DROP_COLUMN, "it holds values")
                    } else {
                        (&rules::DROP_EMPTY_COLUMN, "it holds no value")
                    };
                    let object = format!("{name}.{}", column.name);
                    self.add(
                        rule,
                        Some(seen),
                        &object,
                        format!("seen: {what}"),
                        &[("column", &column.name), ("table", &name)],
                    );
                }
                Change::ColumnRenamed { from, to } if was_there(from) => {
                    self.add(
                        &rules::RENAME_COLUMN,
                        Some(seen),
                        &name,
                        format!("seen: {from} is now {to}"),
                        &[("column", from)],
                    );
                }
                Change::ColumnType { column, from, to } => {
                    let fill = [("column", column.as_str()), ("type", to.as_str())];
                    let what = format!("seen: {column} was {from} and is {to}");
                    if types::loses(from, to) && self.facts.rows(table.oid) > 0 {
                        self.add(&rules::LOSSY_TYPE, Some(seen), &name, what.clone(), &fill);
                    }
                    if types::differs(from, to) {
                        self.add(&rules::OTHER_TYPE, Some(seen), &name, what, &fill);
                    }
                }
                Change::ColumnAdded(column) if column.not_null && !column.filled => {
                    let fill = [("column", column.name.as_str()), ("type", column.kind.as_str())];
                    let what = format!("seen: {} is NOT NULL without a default", column.name);
                    self.add(&rules::REQUIRED_COLUMN, Some(seen), &name, what, &fill);
                }
                _ => {}
            }
        }
    }

    /// A statement that works on many rows while an earlier one keeps everybody out.
    fn work_under_lock(&mut self, seen: &Seen, earlier: &Held) {
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

    fn explicit_lock(&mut self, seen: &Seen) {
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

    fn transactions(&mut self, all: &BTreeMap<u64, Held>) {
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

    /// What the catalogues say before and after.
    fn left_behind(&mut self) {
        let facts = self.facts;
        let is_in = |named: &Named, all: &std::collections::BTreeSet<Named>| {
            all.iter().any(|other| (&other.kind, &other.identity) == (&named.kind, &named.identity))
        };
        for named in facts.before.iter().filter(|named| !is_in(named, &facts.after)) {
            let handled = match named.kind.as_str() {
                "enum value" => facts.converted.contains(&named.name),
                "function" => false,
                // The view itself is named once.
                "column of a view" => !facts.before.iter().any(|view| {
                    view.kind == "relation" && view.name == named.name && is_in(view, &facts.after)
                }),
                // A table's fate is in the trace.
                "relation" => !named
                    .table
                    .and_then(|oid| self.trace.before.get(&oid))
                    .is_some_and(|r| matches!(r.kind.as_str(), "v" | "m" | "f")),
                _ => true,
            };
            if !handled {
                let seen = saying(self.trace, &named.name);
                self.add(
                    &rules::GONE,
                    seen,
                    &named.identity,
                    format!("seen: this {} is gone", named.kind),
                    &[],
                );
            }
        }
        for named in facts.after.iter().filter(|named| !named.valid) {
            if facts
                .before
                .iter()
                .any(|old| (&old.kind, &old.name, old.valid) == (&named.kind, &named.name, false))
            {
                continue;
            }
            let table = named.table.map(|oid| self.trace.name(oid)).unwrap_or_default();
            let seen = saying(self.trace, &named.name);
            if named.kind == "index" {
                self.add(
                    &rules::INVALID_INDEX,
                    seen,
                    &table,
                    "seen: not valid".to_owned(),
                    &[("index", &named.name)],
                );
            } else {
                self.add(
                    &rules::UNVALIDATED,
                    seen,
                    &table,
                    "seen: not validated".to_owned(),
                    &[("constraint", &named.name)],
                );
            }
        }
    }
}

/// The strongest lock of a statement, in words.
fn lasting(seen: &Seen) -> String {
    let strongest = seen.locks.iter().filter(|lock| lock.kind != "index").max_by_key(|lock| lock.mode);
    match strongest {
        Some(lock) => format!("seen: {}", lock.line()),
        None => format!("seen: took {:.1} ms", seen.ms),
    }
}

/// The last statement that says this name.
fn saying<'a>(trace: &'a Trace, name: &str) -> Option<&'a Seen> {
    trace.statements.iter().rfind(|seen| seen.text.contains(name))
}

/// True where the statement's text has this word, whatever its case.
fn says(seen: &Seen, word: &str) -> bool {
    seen.text.to_ascii_lowercase().contains(word)
}
