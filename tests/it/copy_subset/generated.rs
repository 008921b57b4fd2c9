//! Schemas by chance: partitions, keys to other columns than the primary one, circles, policies, caps.

use std::fmt::Write as _;

use proptest::prelude::*;
use stagectl::config::data::{Copy, KeyPolicy};

#[derive(Debug, Clone)]
pub enum Target {
    Id,
    Code,
    TenantAndId,
}

#[derive(Debug, Clone)]
pub struct Key {
    parent: usize,
    target: Target,
    nullable: bool,
    factor: i32,
    policy: Option<KeyPolicy>,
}

#[derive(Debug, Clone)]
pub struct Table {
    rows: i32,
    partitioned: bool,
    cap: Option<u32>,
    keys: Vec<Key>,
}

pub fn tables() -> impl Strategy<Value = (Vec<Table>, u32)> {
    let target = prop_oneof![Just(Target::Id), Just(Target::Code), Just(Target::TenantAndId)];
    let policy = prop_oneof![
        4 => Just(None),
        1 => Just(Some(KeyPolicy::Follow)),
        1 => Just(Some(KeyPolicy::Children)),
        1 => Just(Some(KeyPolicy::Both)),
        1 => Just(Some(KeyPolicy::Stop)),
    ];
    let key = (0..6_usize, target, any::<bool>(), 1..30, policy).prop_map(
        |(parent, target, nullable, factor, policy)| Key { parent, target, nullable, factor, policy },
    );
    let keys = prop::collection::vec(key, 0..4);
    let cap = prop_oneof![3 => Just(None), 1 => (1..4_u32).prop_map(Some)];
    let table = (1..60, any::<bool>(), cap, keys).prop_map(|(rows, partitioned, cap, keys)| Table {
        rows,
        partitioned,
        cap,
        keys,
    });
    (prop::collection::vec(table, 3..7), 1..5_u32)
}

fn name(at: usize) -> String {
    format!("Tafel ä{at}")
}

/// The schema with its rows, and the settings that go with it.
pub fn script(tables: &[Table]) -> (String, Copy) {
    let mut sql = String::new();
    let mut copy = Copy { root: Some(name(0)), ..Copy::default() };
    for (at, table) in tables.iter().enumerate() {
        let mut columns = String::new();
        let mut values = String::new();
        for (nth, key) in table.keys.iter().enumerate() {
            let rows = tables[key.parent % tables.len()].rows;
            let number = format!("1 + (i * {}) % {rows}", key.factor);
            let null = if key.nullable { "i % 3 = 0" } else { "false" };
            let (kind, value) = match target(tables, key) {
                Target::Code => ("text", format!("'c' || ({number})")),
                Target::Id | Target::TenantAndId => ("int", number.clone()),
            };
            let not_null = if key.nullable { "" } else { " NOT NULL" };
            write!(columns, ", k{nth} {kind}{not_null}, t{nth} int NOT NULL")
                .expect("what the test has made");
            write!(values, ", CASE WHEN {null} THEN NULL ELSE {value} END, ({number}) % 3")
                .expect("what the test has made");
        }
        let (unique, partitions) =
            if table.partitioned { ("", " PARTITION BY HASH (id)") } else { (", UNIQUE (code)", "") };
        writeln!(
            sql,
            "CREATE TABLE \"{}\" (id int PRIMARY KEY, code text, tenant int NOT NULL{columns}, UNIQUE (tenant, id){unique}){partitions};",
            name(at)
        )
        .expect("what the test has made");
        for part in 0..if table.partitioned { 3 } else { 0 } {
            writeln!(
                sql,
                "CREATE TABLE \"{} {part}\" PARTITION OF \"{}\" FOR VALUES WITH (MODULUS 3, REMAINDER {part});",
                name(at),
                name(at)
            )
            .expect("what the test has made");
        }
        writeln!(
            sql,
            "INSERT INTO \"{}\" SELECT i, 'c' || i, i % 3{values} FROM generate_series(1, {}) i;",
            name(at),
            table.rows
        )
        .expect("what the test has made");
        if let Some(cap) = table.cap {
            copy.caps.insert(name(at), cap);
        }
    }
    for (at, table) in tables.iter().enumerate() {
        for (nth, key) in table.keys.iter().enumerate() {
            let (own, theirs) = match target(tables, key) {
                Target::Id => (format!("k{nth}"), "id"),
                Target::Code => (format!("k{nth}"), "code"),
                Target::TenantAndId => (format!("t{nth}, k{nth}"), "tenant, id"),
            };
            let parent = name(key.parent % tables.len());
            writeln!(
                sql,
                "ALTER TABLE \"{}\" ADD FOREIGN KEY ({own}) REFERENCES \"{parent}\" ({theirs});",
                name(at)
            )
            .expect("what the test has made");
            if let Some(policy) = key.policy {
                copy.foreign_keys.insert(format!("{}.k{nth}", name(at)), policy);
            }
        }
    }
    (sql, copy)
}

/// A partitioned table has no unique code.
fn target(tables: &[Table], key: &Key) -> Target {
    match key.target {
        Target::Code if tables[key.parent % tables.len()].partitioned => Target::Id,
        ref other => other.clone(),
    }
}
