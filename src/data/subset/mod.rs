//! Which rows cross: the first rows of the root, down to all that belongs to them, up to all that
//! these need, to the fixpoint. Every foreign key holds within the result.

pub mod keys;
pub mod rows;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use self::keys::{Edge, Routes};
use super::model::{Catalog, RowId, Rows, Selection, Subset, Table, TableName};
use crate::config::data::Copy;
use crate::postgres::Session;

type Found = BTreeMap<TableName, BTreeSet<RowId>>;

/// Selects the rows, and says what the user should know about those that stay behind.
pub async fn select(
    session: &Session,
    catalog: &Catalog,
    copy: &Copy,
    limit: u32,
) -> Result<(Subset, Vec<String>)> {
    let routes = Routes::new(catalog, copy)?;
    let mut selection = Selecting { session, catalog, subset: Subset::new() };
    let root = selection.table(&routes.root)?;
    let first = rows::first(session, root, limit).await?;
    let mut round = Found::from([(routes.root.clone(), selection.add(&routes.root, "root", first))]);
    while !round.is_empty() {
        round = selection.down(&routes, &round).await?;
    }
    for (tables, reason) in [(&routes.whole, "whole table"), (&routes.bookkeeping, "bookkeeping")] {
        for name in tables {
            let all = rows::all(session, selection.table(name)?).await?;
            selection.add(name, reason, all);
        }
    }
    let mut round: Found =
        selection.subset.iter().map(|(name, selected)| (name.clone(), chosen(selected).clone())).collect();
    while !round.is_empty() {
        round = selection.up(&routes, &round).await?;
    }
    selection.cut(&routes).await?;
    let warnings = selection.left_behind(&routes).await?;
    Ok((selection.subset, warnings))
}

/// Every row of every table that is not skipped.
///
/// # Errors
/// Refuses a skipped table that a kept one cannot do without.
pub fn all(catalog: &Catalog, copy: &Copy) -> Result<Subset> {
    let skipped = keys::skipped(catalog, copy)?;
    let mut subset = Subset::new();
    for table in catalog.tables.iter().filter(|table| !skipped.contains(&table.name)) {
        let emptied = keys::emptied(catalog, &table.name, &skipped)?;
        let reasons = BTreeMap::from([("all rows".to_owned(), 0)]);
        subset.insert(
            table.name.clone(),
            Selection { rows: Rows::All, emptied, reasons, ..Selection::default() },
        );
    }
    Ok(subset)
}

/// The rows of a selection that was made row by row.
fn chosen(selection: &Selection) -> &BTreeSet<RowId> {
    static NONE: BTreeSet<RowId> = BTreeSet::new();
    match &selection.rows {
        Rows::Chosen(rows) => rows,
        Rows::All => &NONE,
    }
}

struct Selecting<'a> {
    session: &'a Session,
    catalog: &'a Catalog,
    subset: Subset,
}

impl<'a> Selecting<'a> {
    fn table(&self, name: &TableName) -> Result<&'a Table> {
        self.catalog.table(name).with_context(|| format!("`{name}` is not in the catalogue"))
    }

    /// Adds rows for a reason; returns those that are new.
    fn add(&mut self, table: &TableName, reason: &str, rows: Vec<RowId>) -> BTreeSet<RowId> {
        let selected = self.subset.entry(table.clone()).or_default();
        let Rows::Chosen(chosen) = &mut selected.rows else { return BTreeSet::new() };
        let new: BTreeSet<RowId> = rows.into_iter().filter(|row| chosen.insert(*row)).collect();
        if !new.is_empty() {
            *selected.reasons.entry(reason.to_owned()).or_default() += new.len() as u64;
        }
        new
    }

    /// What belongs to the rows of the last round.
    async fn down(&mut self, routes: &Routes, last: &Found) -> Result<Found> {
        let mut next = Found::new();
        for Edge { key, .. } in routes.edges.iter().filter(|edge| edge.down) {
            let Some(parents) = last.get(&key.parent) else { continue };
            let (parent, child) = (self.table(&key.parent)?, self.table(&key.child)?);
            let found = rows::children(self.session, key, parent, child, parents).await?;
            let new = self.add(&key.child, &format!("belongs to {}", key.parent), found);
            if !new.is_empty() {
                next.entry(key.child.clone()).or_default().extend(new);
            }
        }
        Ok(next)
    }

    /// What the rows of the last round need.
    async fn up(&mut self, routes: &Routes, last: &Found) -> Result<Found> {
        let mut next = Found::new();
        for Edge { key, .. } in routes.edges.iter().filter(|edge| edge.up) {
            let Some(children) = last.get(&key.child) else { continue };
            let (parent, child) = (self.table(&key.parent)?, self.table(&key.child)?);
            let found = rows::parents(self.session, key, parent, child, children).await?;
            let reason = format!("needed by {}.{}", key.child, key.child_columns.join("+"));
            let new = self.add(&key.parent, &reason, found.into_iter().map(|(_, row)| row).collect());
            if !new.is_empty() {
                next.entry(key.parent.clone()).or_default().extend(new);
            }
        }
        Ok(next)
    }

    /// Sets references to NULL whose rows stay behind.
    async fn cut(&mut self, routes: &Routes) -> Result<()> {
        for Edge { key, up, cut, .. } in &routes.edges {
            let (false, Some(column)) = (up, cut) else { continue };
            let Some(selected) = self.subset.get(&key.child) else { continue };
            let (parent, child) = (self.table(&key.parent)?, self.table(&key.child)?);
            let pairs = rows::parents(self.session, key, parent, child, chosen(selected)).await?;
            let staying: Vec<RowId> = pairs
                .into_iter()
                .filter(|(_, row)| !self.subset.get(&key.parent).is_some_and(|s| chosen(s).contains(row)))
                .map(|(child, _)| child)
                .collect();
            if let Some(selected) = self.subset.get_mut(&key.child) {
                for row in staying {
                    selected.nulled.entry(row).or_default().insert(column.clone());
                }
            }
        }
        Ok(())
    }

    /// A warning for each table with rows that no route reaches.
    async fn left_behind(&self, routes: &Routes) -> Result<Vec<String>> {
        let reached = routes.reached();
        let mut warnings = Vec::new();
        for table in &self.catalog.tables {
            let name = &table.name;
            if reached.contains(name)
                || routes.skipped.contains(name)
                || !rows::any(self.session, table).await?
            {
                continue;
            }
            let cut = routes.edges.iter().find(|e| e.key.parent == *name && e.key.child != *name && !e.up);
            warnings.push(match cut {
                Some(Edge { key, .. }) => format!(
                    "`{name}` stays empty: only nullable keys lead to it. Add it to `copy.whole_tables`, or `{}.{}: follow` to `copy.foreign_keys`",
                    key.child,
                    key.name
                ),
                None => format!(
                    "`{name}` stays empty: no foreign key leads to it. Add it to `copy.whole_tables` or `copy.skip_tables`"
                ),
            });
        }
        Ok(warnings)
    }
}
