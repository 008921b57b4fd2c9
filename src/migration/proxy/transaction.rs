//! What one connection's open transaction holds and has changed, until it ends.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::changes;
use super::look::{Looked, outlives_its_locks};
use super::recorder::Recorder;
use crate::migration::locks::{LockMode, LockTaken, relation_kind};
use crate::migration::trace::{Change, Seen};

pub struct Transaction {
    pub number: u64,
    /// True where it can only roll back.
    pub failed: bool,
    /// Relations as this transaction sees them; others see them so after its commit.
    overlay: BTreeMap<u32, Looked>,
    held: BTreeSet<(u32, LockMode)>,
    statements: Vec<usize>,
}

impl Transaction {
    pub fn new(recorder: &Recorder) -> Self {
        Self {
            number: recorder.next_transaction(),
            failed: false,
            overlay: BTreeMap::new(),
            held: BTreeSet::new(),
            statements: Vec::new(),
        }
    }

    /// The statement belongs to this transaction.
    pub fn add(&mut self, statement: usize) {
        self.statements.push(statement);
    }

    pub fn last(&self) -> Option<usize> {
        self.statements.last().copied()
    }

    /// Adds to `seen` the locks that are new and what has changed since the last look. What the
    /// migration itself has made is left out: nobody waits for it.
    pub fn note(
        &mut self,
        recorder: &Recorder,
        seen: &mut Seen,
        looked: Vec<Looked>,
        sampled: &[(u32, LockMode)],
    ) {
        let modes = looked.iter().flat_map(|now| now.modes.iter().map(|mode| (now.oid, *mode)));
        let all: BTreeSet<(u32, LockMode)> = modes.chain(sampled.iter().copied()).collect();
        for (oid, mode) in all {
            let Some(relation) = recorder.before().get(&oid) else { continue };
            if self.held.insert((oid, mode)) {
                seen.locks.push(LockTaken {
                    oid,
                    relation: relation.quoted(),
                    kind: relation_kind(&relation.kind).to_owned(),
                    mode,
                    held_ms: 0.0,
                    blocks: mode.blocks().to_owned(),
                });
            }
        }
        for mut now in looked {
            let before = self.overlay.get(&now.oid).cloned().or_else(|| recorder.known(now.oid));
            match &before {
                Some(before) if recorder.before().contains_key(&now.oid) => {
                    // What was dropped before is not dropped again.
                    if before.kind.is_some() {
                        seen.changes
                            .extend(changes(before, &now).into_iter().map(|change| (now.oid, change)));
                    }
                }
                Some(_) => {}
                None => {
                    let table = now.table.filter(|table| recorder.before().contains_key(table));
                    // A change of type that needs no rewrite gives the old index's file a new name.
                    let built = now.kind.as_deref() == Some("i") && !recorder.has_file(now.file);
                    if let (Some(table), true, Some(index)) = (table, built, &now.name) {
                        let concurrently = outlives_its_locks(&seen.text);
                        seen.changes.push((table, Change::IndexBuilt { index: index.clone(), concurrently }));
                    }
                }
            }
            if now.columns.is_none() {
                now.columns = before.and_then(|before| before.columns);
            }
            self.overlay.insert(now.oid, now);
        }
    }

    /// The transaction is over; the next one begins.
    pub fn end(&mut self, recorder: &Recorder, committed: bool) {
        recorder.end(&self.statements);
        if committed && !self.failed {
            recorder.commit(std::mem::take(&mut self.overlay));
        }
        *self = Self::new(recorder);
    }
}
