//! What following a key would bring that the copy cuts: for the dry run, within bounds.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use super::closure::Found;
use super::keys::Edge;
use super::{Rim, rows};
use crate::data::model::{Catalog, Following, KeyPlan, Subset, TableName};
use crate::postgres::Session;

/// Rows after which the estimate says "more than".
const ENOUGH: u64 = 10_000;

/// Fills in `following` of each key that was cut.
pub async fn estimate(
    session: &Session,
    catalog: &Catalog,
    subset: &Subset,
    rim: &Rim,
    plans: &mut [KeyPlan],
) -> Result<()> {
    for (at, staying) in &rim.staying {
        let (Some(plan), Some(edge)) = (plans.get_mut(*at), rim.routes.edges.get(*at)) else { continue };
        let first = Found::from([(edge.key.parent.clone(), staying.clone())]);
        plan.following = Some(follow(session, catalog, subset, rim, *at, first).await?);
    }
    Ok(())
}

/// Upwards only, as a followed key does, with this key followed too.
async fn follow(
    session: &Session,
    catalog: &Catalog,
    subset: &Subset,
    rim: &Rim,
    followed: usize,
    mut last: Found,
) -> Result<Following> {
    let mut found = last.clone();
    let table =
        |name: &TableName| catalog.table(name).with_context(|| format!("`{name}` is not in the catalogue"));
    let total = |found: &Found| found.values().map(|rows| rows.len() as u64).sum::<u64>();
    while !last.is_empty() && total(&found) <= ENOUGH {
        let mut next = Found::new();
        for (at, Edge { key, up, .. }) in rim.routes.edges.iter().enumerate() {
            let Some(children) = last.get(&key.child).filter(|_| *up || at == followed) else { continue };
            let pairs =
                rows::parents(session, key, (table(&key.parent)?, table(&key.child)?), children).await?;
            let crossing = subset.get(&key.parent);
            let known = found.entry(key.parent.clone()).or_default();
            let fresh: BTreeSet<_> = pairs
                .into_iter()
                .map(|(_, row)| row)
                .filter(|row| {
                    !crossing.is_some_and(|selection| selection.rows.contains(row)) && known.insert(*row)
                })
                .collect();
            if !fresh.is_empty() {
                next.entry(key.parent.clone()).or_default().extend(fresh);
            }
        }
        last = next;
    }
    let rows = total(&found);
    Ok(Following { rows: rows.min(ENOUGH), more: rows > ENOUGH })
}
