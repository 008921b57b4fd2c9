//! Finds unsafe patterns in what was seen: locks on tables with rows together with what was done
//! under them. A table that the migration itself has made is no finding. Pure.
//!
//! `tables` and `columns` look at what a statement did to one, `locks` at what statements of a
//! transaction hold together, `left_behind` at what the catalogues say afterwards.

mod columns;
mod left_behind;
mod locks;
mod tables;

use std::collections::BTreeMap;

use super::Finding;
use super::facts::Facts;
use super::rules::{self, Rule};
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
