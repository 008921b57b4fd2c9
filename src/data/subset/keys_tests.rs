//! What is done along each key, on catalogues made by hand.

use super::*;
use crate::data::model::{Column, Join, Table};

fn name(text: &str) -> TableName {
    TableName { schema: "public".into(), name: text.into() }
}

/// Keys as `child.column -> parent`, `?` after a column that can be NULL.
fn catalog(keys: &[(&str, &str, &str)]) -> Catalog {
    let mut catalog = Catalog::default();
    for (child, columns, parent) in keys {
        for table in [*child, *parent] {
            if catalog.table(&name(table)).is_none() {
                catalog.tables.push(Table {
                    name: name(table),
                    columns: Vec::new(),
                    primary_key: Vec::new(),
                    estimated_rows: 0,
                    bytes: 0,
                    partitioned: false,
                    partitions: BTreeMap::new(),
                });
            }
        }
        let own = catalog.tables.iter_mut().find(|table| table.name.name == **child).unwrap();
        let columns: Vec<(String, bool)> =
            columns.split('+').map(|c| (c.trim_end_matches('?').to_owned(), c.ends_with('?'))).collect();
        for (column, nullable) in &columns {
            if !own.columns.iter().any(|known| known.name == *column) {
                own.columns.push(Column {
                    name: column.clone(),
                    sql_type: "integer".into(),
                    base_type: "int4".into(),
                    is_enum: false,
                    is_array: false,
                    max_chars: None,
                    not_null: !nullable,
                    fixed: false,
                    generated: false,
                    unique: false,
                    in_key: true,
                    fields: Vec::new(),
                });
            }
        }
        catalog.keys.push(ForeignKey {
            name: format!("{child}_{}", catalog.keys.len()),
            child: name(child),
            child_columns: columns.iter().map(|(column, _)| column.clone()).collect(),
            parent: name(parent),
            parent_columns: vec!["id".into(); columns.len()],
            nullable: columns.iter().any(|(_, nullable)| *nullable),
            full: false,
            indexed: true,
            join: Join::default(),
        });
    }
    catalog
}

fn routes(catalog: &Catalog, policies: &[(&str, KeyPolicy)]) -> Result<Vec<(Down, bool, Vec<String>)>> {
    let foreign_keys = policies.iter().map(|(key, policy)| ((*key).to_owned(), *policy)).collect();
    let copy = Copy { root: Some("users".into()), foreign_keys, ..Copy::default() };
    let routes = Routes::new(catalog, Vec::new(), &copy, None)?;
    Ok(routes.edges.into_iter().map(|edge| (edge.down, edge.up, edge.cut)).collect())
}

#[test]
fn rows_come_down_the_shortest_chain_of_not_null_keys_only() {
    let catalog = catalog(&[
        ("stories", "author", "users"),
        ("readings", "user", "users"),
        ("readings", "story", "stories"),
        ("orders", "user", "users"),
        ("shops", "owner", "users"),
        ("products", "shop", "shops"),
        ("items", "order", "orders"),
        ("items", "product", "products"),
        ("users", "inviter?", "users"),
    ]);
    let downs: Vec<Down> = routes(&catalog, &[]).unwrap().into_iter().map(|edge| edge.0).collect();
    let expected = [true, true, false, true, true, true, true, false, false];
    assert_eq!(downs, expected.map(|owned| if owned { Down::Owned } else { Down::None }));
}

#[test]
fn nullable_keys_bring_rows_only_where_no_other_does_and_are_cut() {
    let catalog = catalog(&[
        ("orders", "user", "users"),
        ("orders", "approver?", "users"),
        ("audit", "actor?", "users"),
    ]);
    let edges = routes(&catalog, &[]).unwrap();
    assert_eq!(edges[0], (Down::Owned, true, vec![]));
    assert_eq!(edges[1], (Down::None, false, vec!["approver".into()]));
    assert_eq!(edges[2], (Down::Owned, false, vec!["actor".into()]));
}

#[test]
fn a_column_that_another_key_needs_is_never_cut() {
    let mut catalog = catalog(&[
        ("tasks", "tenant?", "tenants"),
        ("tasks", "tenant?+owner?", "users"),
        ("tasks", "tenant?+owner?", "groups"),
    ]);
    let edges = routes(&catalog, &[]).unwrap();
    assert!(edges.iter().all(|(_, up, cut)| *up && cut.is_empty()), "{edges:?}");
    assert!(routes(&catalog, &[("tasks.tenant", KeyPolicy::Null)]).is_err());
    catalog.keys.pop();
    assert_eq!(routes(&catalog, &[]).unwrap()[1].2, ["owner"]);
    // MATCH FULL: all of them or none.
    catalog.keys[1].full = true;
    assert_eq!(routes(&catalog, &[]).unwrap()[1].2, Vec::<String>::new());
    catalog.keys.remove(0);
    assert_eq!(routes(&catalog, &[]).unwrap()[0].2, ["tenant", "owner"]);
}

#[test]
fn a_policy_says_what_comes_along() {
    let catalog =
        catalog(&[("users", "boss?", "users"), ("film_actor", "film", "film"), ("film", "owner", "users")]);
    let with = |key: &str, policy| {
        let at = usize::from(key.starts_with("film_actor"));
        let edge = routes(&catalog, &[(key, policy)]).unwrap()[at].clone();
        (edge.0, edge.1)
    };
    assert_eq!(with("users.boss", KeyPolicy::Follow), (Down::None, true));
    assert_eq!(with("users.boss", KeyPolicy::Children), (Down::Any, false));
    assert_eq!(with("users.boss", KeyPolicy::Both), (Down::Any, true));
    assert_eq!(with("users.boss", KeyPolicy::Null), (Down::None, false));
    assert_eq!(with("film_actor.film", KeyPolicy::Stop), (Down::None, true));
    assert!(routes(&catalog, &[("film_actor.film", KeyPolicy::Null)]).is_err(), "NOT NULL");
    assert!(routes(&catalog, &[("film_actor.nothing", KeyPolicy::Stop)]).is_err());
}

#[test]
fn a_table_left_out_is_cut_from_or_refused() {
    let catalog = catalog(&[
        ("users", "country?", "countries"),
        ("orders", "country", "countries"),
        ("orders", "user", "users"),
    ]);
    let skip = |tables: &[&str]| {
        let skip_tables = tables.iter().map(|&table| table.to_owned()).collect();
        Routes::new(
            &catalog,
            Vec::new(),
            &Copy { root: Some("users".into()), skip_tables, ..Copy::default() },
            None,
        )
    };
    assert!(skip(&["countries"]).is_err(), "orders need them");
    let routes = skip(&["countries", "orders"]).unwrap();
    assert!(!routes.edges[0].up && routes.edges[0].cut == ["country"]);
    assert!(skip(&["users"]).is_err(), "the root");
}
