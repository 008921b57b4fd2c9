//! The same rows found by naive statements, and whether every reference of a subset holds.

use std::collections::BTreeSet;

use stagectl::data::model::{Catalog, RowId, Rows};
use stagectl::data::subset::keys::Down;
use stagectl::data::subset::{self, Selected, rows};
use stagectl::postgres::Session;

use crate::support::Postgres;

/// A row as text: table, partition, place.
pub type Place = (String, String, String);

/// The same set by naive statements over whole tables, in a writable session.
pub async fn brute_force(
    server: &Postgres,
    database: &str,
    catalog: &Catalog,
    selected: &Selected,
) -> BTreeSet<Place> {
    let session = server.session(database).await;
    let run = async |sql: String| -> u64 {
        session
            .execute(&sql, &[])
            .await
            .unwrap_or_else(|e| panic!("{}\nin: {sql}", stagectl::postgres::explain(&e)))
    };
    run("CREATE TEMP TABLE picked (name text, part oid, place tid, owned bool, PRIMARY KEY (part, place))"
        .into())
    .await;
    let routes = &selected.rim.routes;
    let into = "INSERT INTO picked AS k (name, part, place, owned)";
    let known = "ON CONFLICT (part, place) DO UPDATE SET owned = true WHERE excluded.owned AND NOT k.owned";
    // The roots themselves are taken from the result: which they are is another test's subject.
    for start in &routes.starts {
        let places = root_places(&session, catalog, selected, start).await;
        for (part, place) in places {
            run(format!("{into} VALUES ('{}', {part}, '{place}', true) {known}", start.table.sql())).await;
        }
    }
    for whole in routes.whole.iter().chain(&routes.bookkeeping) {
        run(format!("{into} SELECT '{}', tableoid, ctid, false FROM {} {known}", whole.sql(), whole.sql()))
            .await;
    }
    loop {
        let mut changed = 0;
        for edge in &routes.edges {
            let (key, child, parent) = (&edge.key, edge.key.child.sql(), edge.key.parent.sql());
            let (child_from, parent_from) = (
                rows::from(catalog.table(&key.child).expect("what the test has made")),
                rows::from(catalog.table(&key.parent).expect("what the test has made")),
            );
            let from =
                |on: &str| format!("{} c JOIN {parent_from} p ON {on}", key.join.referring(&child_from));
            let cap = routes.caps.get(&key.child).copied().unwrap_or(u32::MAX);
            if edge.down != Down::None {
                let owned = if edge.down == Down::Owned { "AND owned" } else { "" };
                changed += run(format!(
                    "{into} SELECT DISTINCT '{child}', part, place, true FROM (
                       SELECT c.tableoid AS part, c.ctid AS place, p.tableoid AS above, p.ctid AS high,
                         row_number() OVER (PARTITION BY p.tableoid, p.ctid ORDER BY c.* DESC) AS nth FROM {}) x
                     WHERE nth <= {cap} AND (above, high) IN (SELECT part, place FROM picked WHERE true {owned}) {known}",
                    from(&key.join.down)
                ))
                .await;
            }
            if edge.up {
                changed += run(format!(
                    "{into} SELECT DISTINCT '{parent}', p.tableoid, p.ctid, false FROM {}
                     WHERE (c.tableoid, c.ctid) IN (SELECT part, place FROM picked) {known}",
                    from(&key.join.up)
                ))
                .await;
            }
        }
        if changed == 0 {
            break;
        }
    }
    let rows = session
        .query("SELECT name, part::text, place::text FROM picked", &[])
        .await
        .expect("what the test has made");
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// The rows of a start, found anew.
async fn root_places(
    session: &Session,
    catalog: &Catalog,
    selected: &Selected,
    start: &subset::roots::Start,
) -> Vec<(u32, String)> {
    let table = catalog.table(&start.table).expect("what the test has made");
    let first = subset::roots::first(session, table, start, &selected.rim.routes.edges)
        .await
        .expect("what the test has made");
    first.iter().map(|row| (row.partition, row.place.to_string())).collect()
}

pub fn chosen(selected: &Selected) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for (table, selection) in &selected.subset {
        let Rows::Chosen(rows) = &selection.rows else { panic!("a subset lists its rows") };
        places.extend(rows.iter().map(|row| (table.sql(), row.partition.to_string(), row.place.to_string())));
    }
    places
}

/// Each reference of a chosen row leads to a chosen row, or was cut.
pub async fn assert_whole(server: &Postgres, database: &str, catalog: &Catalog, selected: &Selected) {
    let session = server.session(database).await;
    for key in &catalog.keys {
        let Some(children) = selected.subset.get(&key.child) else { continue };
        let on: Vec<String> = std::iter::zip(&key.child_columns, &key.parent_columns)
            .map(|(c, p)| format!("c.\"{c}\" = p.\"{p}\""))
            .collect();
        let sql = format!(
            "SELECT c.tableoid, c.ctid, p.tableoid, p.ctid FROM {} c JOIN {} p ON {}",
            key.child.sql(),
            key.parent.sql(),
            on.join(" AND ")
        );
        for row in session.query(&sql, &[]).await.expect("what the test has made") {
            let child = RowId { partition: row.get(0), place: row.get(1) };
            let parent = RowId { partition: row.get(2), place: row.get(3) };
            let parents = selected.subset.get(&key.parent);
            if !children.rows.contains(&child) || parents.is_some_and(|s| s.rows.contains(&parent)) {
                continue;
            }
            let nulled = children.nulled.get(&child);
            assert!(
                nulled.is_some_and(|columns| key.child_columns.iter().any(|c| columns.contains(c))),
                "{} leads out of the subset",
                key.from()
            );
        }
    }
}
