//! The fixpoint: down to what belongs to the rows, up to what they need, until nothing is new.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;

use super::keys::{Down, Edge, Routes};
use super::{roots, rows};
use crate::data::model::{Catalog, ForeignKey, KeyPlan, RowId, Rows, Selection, Subset, Table, TableName};
use crate::postgres::Session;

/// Rows by table.
pub type Found = BTreeMap<TableName, BTreeSet<RowId>>;

/// A closure in the making.
pub struct Closure<'a> {
    session: &'a Session,
    catalog: &'a Catalog,
    routes: &'a Routes,
    chosen: Found,
    /// Those of the chosen rows that belong to a root.
    owned: Found,
    reasons: BTreeMap<TableName, BTreeMap<String, u64>>,
    nulled: BTreeMap<TableName, BTreeMap<RowId, BTreeSet<String>>>,
    plans: Vec<KeyPlan>,
}

/// What is new since the last round.
#[derive(Default)]
struct New {
    chosen: Found,
    owned: Found,
}

impl New {
    fn is_empty(&self) -> bool {
        self.chosen.is_empty() && self.owned.is_empty()
    }
}

impl<'a> Closure<'a> {
    pub fn new(session: &'a Session, catalog: &'a Catalog, routes: &'a Routes) -> Self {
        let plans = routes.edges.iter().map(plan).collect();
        Self {
            session,
            catalog,
            routes,
            chosen: Found::new(),
            owned: Found::new(),
            reasons: BTreeMap::new(),
            nulled: BTreeMap::new(),
            plans,
        }
    }

    /// Selects all rows.
    pub async fn run(&mut self) -> Result<()> {
        let (session, routes) = (self.session, self.routes);
        let mut new = New::default();
        for start in &routes.starts {
            let table = self.table(&start.table)?;
            let first = roots::first(session, table, start, &routes.edges).await?;
            let reason = if start.predicate.is_some() { "chosen by `where`" } else { "root" };
            self.own(&start.table, reason, first, &mut new);
        }
        for (names, reason) in [(&routes.whole, "whole table"), (&routes.bookkeeping, "bookkeeping")] {
            for name in names {
                let cap = routes.caps.get(name).copied();
                let reason = if cap.is_some() { "latest of the table" } else { reason };
                let all = rows::all(session, self.table(name)?, cap).await?;
                self.choose(name, reason, all, &mut new.chosen);
            }
        }
        // Down to the end before a step up: what belongs to a root is counted as such.
        let mut waiting = Found::new();
        while !new.is_empty() || !waiting.is_empty() {
            merge(&mut waiting, &new.chosen);
            new = if new.is_empty() {
                let last = std::mem::take(&mut waiting);
                self.up(&last).await?
            } else {
                self.down(&new).await?
            };
        }
        Ok(())
    }

    fn table(&self, name: &TableName) -> Result<&'a Table> {
        self.catalog.table(name).with_context(|| format!("`{name}` is not in the catalogue"))
    }

    fn sides(&self, key: &ForeignKey) -> Result<(&'a Table, &'a Table)> {
        Ok((self.table(&key.parent)?, self.table(&key.child)?))
    }

    /// Adds rows for a reason; returns how many are new.
    fn choose(&mut self, table: &TableName, reason: &str, rows: Vec<RowId>, new: &mut Found) -> u64 {
        let chosen = self.chosen.entry(table.clone()).or_default();
        let fresh: BTreeSet<RowId> = rows.into_iter().filter(|row| chosen.insert(*row)).collect();
        let count = fresh.len() as u64;
        if count > 0 {
            *self.reasons.entry(table.clone()).or_default().entry(reason.to_owned()).or_default() += count;
            new.entry(table.clone()).or_default().extend(fresh);
        }
        count
    }

    /// As [`Self::choose`], of rows that belong to a root.
    fn own(&mut self, table: &TableName, reason: &str, rows: Vec<RowId>, new: &mut New) -> u64 {
        let owned = self.owned.entry(table.clone()).or_default();
        let fresh: BTreeSet<RowId> = rows.iter().filter(|row| owned.insert(**row)).copied().collect();
        if !fresh.is_empty() {
            new.owned.entry(table.clone()).or_default().extend(fresh);
        }
        self.choose(table, reason, rows, &mut new.chosen)
    }

    /// What belongs to the rows of the last round.
    async fn down(&mut self, last: &New) -> Result<New> {
        let (session, routes) = (self.session, self.routes);
        let mut asked = Vec::new();
        for (at, Edge { key, down, .. }) in routes.edges.iter().enumerate() {
            let parents = match down {
                Down::None => None,
                Down::Owned => last.owned.get(&key.parent),
                Down::Any => last.chosen.get(&key.parent),
            };
            let Some(parents) = parents else { continue };
            let (sides, cap) = (self.sides(key)?, routes.caps.get(&key.child).copied());
            asked.push(async move {
                Ok::<_, anyhow::Error>((at, rows::children(session, key, sides, parents, cap).await?))
            });
        }
        let mut new = New::default();
        for (at, found) in try_join_all(asked).await? {
            let key = &routes.edges[at].key;
            let cap = routes.caps.get(&key.child);
            let cap = cap.map_or_else(String::new, |cap| format!(", the latest {cap} each"));
            let reason = format!("belonging to {} ({}){cap}", key.parent, key.columns());
            self.plans[at].children += self.own(&key.child, &reason, found, &mut new);
        }
        Ok(new)
    }

    /// What the rows of the last rounds need.
    async fn up(&mut self, last: &Found) -> Result<New> {
        let (session, routes) = (self.session, self.routes);
        let mut asked = Vec::new();
        for (at, Edge { key, up, .. }) in routes.edges.iter().enumerate() {
            let Some(children) = last.get(&key.child).filter(|_| *up) else { continue };
            let sides = self.sides(key)?;
            asked.push(async move {
                Ok::<_, anyhow::Error>((at, rows::parents(session, key, sides, children).await?))
            });
        }
        let mut new = New::default();
        for (at, found) in try_join_all(asked).await? {
            let key = &routes.edges[at].key;
            let found = found.into_iter().map(|(_, row)| row).collect();
            let reason = format!("needed by {}", key.from());
            self.plans[at].parents += self.choose(&key.parent, &reason, found, &mut new.chosen);
        }
        Ok(new)
    }

    /// Sets references to NULL whose rows stay behind; returns those rows for each key.
    pub async fn cut(&mut self) -> Result<BTreeMap<usize, BTreeSet<RowId>>> {
        let (session, routes) = (self.session, self.routes);
        let mut asked = Vec::new();
        for (at, Edge { key, up, cut, .. }) in routes.edges.iter().enumerate() {
            let Some(children) = self.chosen.get(&key.child).filter(|_| !up && !cut.is_empty()) else {
                continue;
            };
            let sides = self.sides(key)?;
            asked.push(async move {
                Ok::<_, anyhow::Error>((at, rows::parents(session, key, sides, children).await?))
            });
        }
        let mut staying: BTreeMap<usize, BTreeSet<RowId>> = BTreeMap::new();
        for (at, pairs) in try_join_all(asked).await? {
            let Edge { key, cut, .. } = &routes.edges[at];
            let crosses = |row: &RowId| self.chosen.get(&key.parent).is_some_and(|rows| rows.contains(row));
            let cuts: Vec<(RowId, RowId)> =
                pairs.into_iter().filter(|(_, parent)| !crosses(parent)).collect();
            let nulled = self.nulled.entry(key.child.clone()).or_default();
            for (child, parent) in cuts {
                nulled.entry(child).or_default().extend(cut.iter().cloned());
                staying.entry(at).or_default().insert(parent);
                self.plans[at].nulled += 1;
            }
        }
        Ok(staying)
    }

    pub fn done(mut self) -> (Subset, Vec<KeyPlan>) {
        let subset = self.chosen.into_iter().map(|(table, rows)| {
            let nulled = self.nulled.remove(&table).unwrap_or_default();
            let reasons = self.reasons.remove(&table).unwrap_or_default();
            (table, Selection { rows: Rows::Chosen(rows), nulled, reasons, ..Selection::default() })
        });
        (subset.collect(), self.plans)
    }
}

fn plan(Edge { key, down, up, cut }: &Edge) -> KeyPlan {
    KeyPlan {
        from: key.from(),
        to: key.parent.clone(),
        declared: key.join.virtual_from.is_none(),
        down: *down != Down::None,
        up: *up,
        cut: cut.clone(),
        children: 0,
        parents: 0,
        nulled: 0,
        following: None,
    }
}

fn merge(into: &mut Found, from: &Found) {
    for (table, rows) in from {
        into.entry(table.clone()).or_default().extend(rows);
    }
}
