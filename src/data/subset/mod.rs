//! Which rows cross: those to start from, down to all that belongs to them, up to all that these
//! need, to the fixpoint. Every foreign key holds within the result.

mod closure;
pub mod growth;
pub mod keys;
pub mod references;
pub mod roots;
pub mod rows;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use self::closure::Closure;
use self::keys::{Edge, Routes};
use super::model::{Catalog, KeyPlan, RowId, Rows, Selection, Subset};
use crate::config::data::Copy;
use crate::postgres::{Session, failure};

/// Indexes before whole tables, and no compiling of statements that take a millisecond.
const PLAIN_PLANS: &str = "SET LOCAL jit = off; SET LOCAL random_page_cost = 1.1";

/// What was selected, and how.
#[derive(Debug)]
pub struct Selected {
    pub subset: Subset,
    /// What the user should know about rows that stay behind.
    pub warnings: Vec<String>,
    /// What came along each key.
    pub keys: Vec<KeyPlan>,
    pub rim: Rim,
}

/// Where the subset ends: the rows that references were cut from, by the key's place among the routes.
#[derive(Debug)]
pub struct Rim {
    pub routes: Routes,
    pub staying: BTreeMap<usize, BTreeSet<RowId>>,
}

/// Selects the rows, in the caller's transaction.
///
/// # Errors
/// Refuses settings that name what production does not have or that cannot hold.
pub async fn select(
    session: &Session,
    catalog: &Catalog,
    copy: &Copy,
    limit: Option<u32>,
) -> Result<Selected> {
    session.batch_execute(PLAIN_PLANS).await.map_err(|error| failure("begin on production", &error))?;
    let references = references::resolve(session, catalog, copy).await?;
    let routes = Routes::new(catalog, references, copy, limit)?;
    let mut closure = Closure::new(session, catalog, &routes);
    closure.run().await?;
    let staying = closure.cut().await?;
    let (subset, keys) = closure.done();
    let warnings = left_behind(session, catalog, &routes).await?;
    Ok(Selected { subset, warnings, keys, rim: Rim { routes, staying } })
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

/// A warning for each table with rows that no route reaches.
async fn left_behind(session: &Session, catalog: &Catalog, routes: &Routes) -> Result<Vec<String>> {
    let reached = routes.reached();
    let mut warnings = Vec::new();
    for table in &catalog.tables {
        let name = &table.name;
        if reached.contains(name) || routes.skipped.contains(name) || !rows::any(session, table).await? {
            continue;
        }
        let cut = routes.edges.iter().find(|e| e.key.parent == *name && e.key.child != *name && !e.up);
        let above = routes
            .edges
            .iter()
            .find(|e| e.key.child == *name && e.key.parent != *name && reached.contains(&e.key.parent));
        warnings.push(match (cut, above) {
            (Some(Edge { key, .. }), _) => format!(
                "`{name}` stays empty: only nullable keys lead to it. Add it to `copy.whole_tables`, or `{}: follow` to `copy.foreign_keys`",
                key.from()
            ),
            (None, Some(Edge { key, .. })) => format!(
                "`{name}` stays empty: it refers to `{}`, of which only rows that others need cross. Add it to `copy.whole_tables` or `copy.skip_tables`, or `{}: children` to `copy.foreign_keys`",
                key.parent,
                key.from()
            ),
            (None, None) => format!(
                "`{name}` stays empty: no foreign key leads to it. Add it to `copy.whole_tables` or `copy.skip_tables`"
            ),
        });
    }
    Ok(warnings)
}
