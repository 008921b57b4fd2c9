//! The rows of a subset against a brute-force fixpoint in SQL, on generated schemas and on real ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use stagectl::config::data::{Copy, KeyPolicy, Reference};
use stagectl::data::model::{Catalog, RowId, Rows};
use stagectl::data::subset::keys::Down;
use stagectl::data::subset::{self, Selected};
use stagectl::data::{catalog, subset::rows};
use stagectl::postgres::{Session, connect_url_read_only};

use crate::support::{Postgres, engine_or_skip};

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const SCHEMAS: usize = 12;

/// A row as text: table, partition, place.
type Place = (String, String, String);

#[derive(Debug, Clone)]
enum Target {
    Id,
    Code,
    TenantAndId,
}

#[derive(Debug, Clone)]
struct Key {
    parent: usize,
    target: Target,
    nullable: bool,
    factor: i32,
    policy: Option<KeyPolicy>,
}

#[derive(Debug, Clone)]
struct Table {
    rows: i32,
    partitioned: bool,
    cap: Option<u32>,
    keys: Vec<Key>,
}

fn tables() -> impl Strategy<Value = (Vec<Table>, u32)> {
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
fn script(tables: &[Table]) -> (String, Copy) {
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

async fn select(server: &Postgres, database: &str, copy: &Copy, limit: Option<u32>) -> (Catalog, Selected) {
    let session = connect_url_read_only(&format!("{}?sslmode=disable", server.url(database)))
        .await
        .expect("what the test has made");
    session.batch_execute(BEGIN).await.expect("what the test has made");
    let catalog = catalog::read(&session, &copy.schemas).await.expect("what the test has made");
    let selected = subset::select(&session, &catalog, copy, limit).await.expect("what the test has made");
    (catalog, selected)
}

/// The same set by naive statements over whole tables, in a writable session.
async fn brute_force(
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

fn chosen(selected: &Selected) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for (table, selection) in &selected.subset {
        let Rows::Chosen(rows) = &selection.rows else { panic!("a subset lists its rows") };
        places.extend(rows.iter().map(|row| (table.sql(), row.partition.to_string(), row.place.to_string())));
    }
    places
}

/// Each reference of a chosen row leads to a chosen row, or was cut.
async fn assert_whole(server: &Postgres, database: &str, catalog: &Catalog, selected: &Selected) {
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

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_subset_are_those_of_a_brute_force_fixpoint_on_generated_schemas() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    let mut runner = TestRunner::deterministic();
    let (mut rows, mut nulled) = (0, 0);
    for nth in 0..SCHEMAS {
        let (shape, limit) = tables().new_tree(&mut runner).expect("what the test has made").current();
        let database = format!("generated_{nth}");
        let (sql, copy) = script(&shape);
        server.execute("postgres", &format!("CREATE DATABASE {database}")).await;
        server.execute(&database, &sql).await;
        let (catalog, selected) = select(&server, &database, &copy, Some(limit)).await;
        let expected = brute_force(&server, &database, &catalog, &selected).await;
        assert_eq!(chosen(&selected), expected, "{shape:#?}");
        assert_whole(&server, &database, &catalog, &selected).await;
        rows += expected.len();
        nulled += selected.subset.values().map(|selection| selection.nulled.len()).sum::<usize>();
    }
    assert!(rows > 100 && nulled > 10, "the generated schemas have become too simple: {rows} {nulled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_subset_are_those_of_a_brute_force_fixpoint_on_real_schemas() {
    if !engine_or_skip() {
        return;
    }
    let Some(folder) = std::env::var_os("STAGECTL_TEST_SCHEMAS") else {
        eprintln!("SKIPPED: STAGECTL_TEST_SCHEMAS names no folder with pagila.sql and northwind.sql");
        return;
    };
    let server = Postgres::start();
    for (database, root) in [("pagila", "customer"), ("northwind", "customers")] {
        server.execute("postgres", &format!("CREATE DATABASE {database}")).await;
        let script = fs_err::read(std::path::Path::new(&folder).join(format!("{database}.sql")))
            .expect("what the test has made");
        psql(&server, database, &script);
        for policy in [None, Some(KeyPolicy::Follow)] {
            let mut copy = Copy { root: Some(root.into()), ..Copy::default() };
            let (catalog, selected) = select(&server, database, &copy, Some(5)).await;
            if let Some(policy) = policy {
                copy.foreign_keys = catalog.keys.iter().map(|key| (key.from(), policy)).collect();
                copy.foreign_keys.retain(|name, _| !name.contains('+'));
            }
            let (catalog, selected) = if policy.is_some() {
                select(&server, database, &copy, Some(5)).await
            } else {
                (catalog, selected)
            };
            let expected = brute_force(&server, database, &catalog, &selected).await;
            assert!(expected.len() > 5, "{database}: {expected:?}");
            assert_eq!(chosen(&selected), expected, "{database}");
            assert_whole(&server, database, &catalog, &selected).await;
        }
    }
}

fn psql(server: &Postgres, database: &str, script: &[u8]) {
    let mut child = Command::new("docker")
        .args(["exec", "-i", &server.container.id, "psql", "-q", "-U", "postgres", "-d", database])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("what the test has made");
    child.stdin.take().expect("what the test has made").write_all(script).expect("what the test has made");
    assert!(child.wait().expect("what the test has made").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_start_from_conditions_and_references_that_no_key_declares_are_followed() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server
        .execute(
            "postgres",
            "CREATE TABLE \"User\" (id bigint PRIMARY KEY, email text);
             CREATE TABLE post (id uuid PRIMARY KEY, author bigint NOT NULL REFERENCES \"User\");
             CREATE TABLE photo (id bigint PRIMARY KEY);
             CREATE TABLE comment (id int PRIMARY KEY, on_type text NOT NULL, on_id text NOT NULL);
             CREATE TABLE event (at timestamptz NOT NULL, data jsonb);
             INSERT INTO \"User\" SELECT i, i || '@mail.example' FROM generate_series(1, 50) i;
             INSERT INTO post SELECT ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, i FROM generate_series(1, 50) i;
             INSERT INTO photo SELECT i FROM generate_series(1, 20) i;
             INSERT INTO comment SELECT i, 'Post', '00000000-0000-0000-0000-' || lpad(i::text, 12, '0') FROM generate_series(1, 50) i;
             INSERT INTO comment SELECT 50 + i, 'Photo', CASE WHEN i = 7 THEN 'nothing' ELSE i::text END FROM generate_series(1, 20) i;
             INSERT INTO event SELECT timestamptz '2026-01-01' + i * interval '1 day', jsonb_build_object('userId', i % 50)
               FROM generate_series(1, 200) i;
             INSERT INTO event VALUES ('2026-01-01', '{\"userId\": \"nobody\"}'), ('2026-01-01', NULL)",
        )
        .await;
    let reference = |from: &str, to: &str, when: Option<&str>| Reference {
        from: from.into(),
        to: to.into(),
        when: when.map(Into::into),
        policy: None,
    };
    let mut copy = Copy {
        predicates: BTreeMap::from([
            ("User".into(), "id IN (3, 4)".into()),
            ("comment".into(), "id BETWEEN 56 AND 58".into()),
        ]),
        references: vec![
            reference("comment.on_id", "post.id", Some("on_type = 'Post'")),
            reference("comment.on_id", "photo.id", Some("on_type = 'Photo'")),
            reference("event.data->>'userId'", "User.id", None),
        ],
        caps: BTreeMap::from([("event".into(), 3)]),
        ..Copy::default()
    };
    let (catalog, selected) = select(&server, "postgres", &copy, None).await;
    let count = |name: &str| {
        let table =
            catalog.tables.iter().find(|table| table.name.name == name).expect("what the test has made");
        selected.subset.get(&table.name).and_then(|s| s.rows.len()).unwrap_or_default()
    };
    // Two users with a post each, the comments on these, and the photos that the three comments need.
    assert_eq!([count("User"), count("post")], [2, 2]);
    assert_eq!([count("comment"), count("photo")], [3, 2], "{:#?}", selected.keys);
    assert_eq!(count("event"), 6, "the latest three of each user");
    assert_eq!(chosen(&selected), brute_force(&server, "postgres", &catalog, &selected).await);

    // From the users alone, the comments on their posts come down.
    copy.predicates.remove("comment");
    let (catalog, selected) = select(&server, "postgres", &copy, None).await;
    let comments = &catalog
        .tables
        .iter()
        .find(|table| table.name.name == "comment")
        .expect("what the test has made")
        .name;
    assert_eq!(selected.subset[comments].rows.len(), Some(2));

    let session = connect_url_read_only(&format!("{}?sslmode=disable", server.url("postgres")))
        .await
        .expect("what the test has made");
    for (condition, words) in
        [("no_column = 1", "no_column"), ("id = ", "syntax error"), ("email::int = 1", "22P02")]
    {
        copy.predicates = BTreeMap::from([("User".into(), condition.into())]);
        session.batch_execute(BEGIN).await.expect("what the test has made");
        let error = subset::select(&session, &catalog, &copy, None).await.unwrap_err().to_string();
        session.batch_execute("ROLLBACK").await.expect("what the test has made");
        assert!(error.contains("`where` of `User`") && error.contains(words), "{error}");
        assert!(!error.contains("mail.example"), "{error}");
    }
}
