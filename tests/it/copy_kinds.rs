//! Every kind of object: its definition in staging is production's, as pg_dump
//! writes it, and its rows are the same, or masked as decided.

use std::collections::BTreeSet;

use crate::copy_apply::Sides;
use crate::support::engine_or_skip;

/// Keeps what is nobody's, so that rows can be compared.
const RULES: &str = "
    Kunde ÄÖ:
      E-Mail: email
      code: {keep: a code}
      home: {keep: a test}
      tags: {keep: a test}
      seen: {keep: a time}
      active_in: {keep: a time}
      extra: {keep: a test}
      doc: {json: {n: {keep: a number}}}
      raw: {keep: a test}
      note: {keep: a test}
      ref: {keep: a random id}
    region: {name: {keep: a region}}
    animal: {name: {keep: a pet}}
    dog: {name: {keep: a pet}}
    toasted: {body: {keep: a test}}
    heard: {what: {keep: a word}}
";

/// Each row of each table as text, without the masked column.
const ROWS: &str = "SELECT (to_jsonb(t) - 'E-Mail')::text FROM (TABLE) t ORDER BY 1";

const TABLES: [&str; 18] = [
    "SELECT * FROM \"Kunde ÄÖ\"",
    "SELECT * FROM by_default",
    "SELECT * FROM region",
    "SELECT tableoid::regclass, * FROM measured",
    "SELECT tableoid::regclass, * FROM animal",
    "SELECT * FROM ONLY dog",
    "SELECT * FROM pair",
    "SELECT * FROM full_match",
    "SELECT * FROM chicken",
    "SELECT * FROM egg",
    "SELECT * FROM keeper",
    "SELECT * FROM nothing",
    "SELECT customer, md5(body), length(body) FROM toasted",
    "SELECT * FROM wide",
    "SELECT * FROM heard",
    "SELECT * FROM secretive",
    "SELECT * FROM counted",
    "SELECT * FROM sum_of_counted",
];

impl Sides {
    async fn rows(&self, production: bool, query: &str) -> Vec<String> {
        let sql = ROWS.replace("TABLE", query);
        if production { self.production.texts("shop", &sql).await } else { self.here(&sql).await }
    }

    /// The definitions as pg_dump writes them, without owners and rights, which are staging's own.
    fn definitions(&self, production: bool) -> Vec<String> {
        let (server, database) =
            if production { (&self.production, "shop") } else { (&self.staging, "staging_db") };
        let run = format!(
            "PGPASSWORD=$POSTGRES_PASSWORD exec pg_dump -U postgres -h 127.0.0.1 --schema-only --no-owner --no-acl --exclude-schema='staging_*' {database}"
        );
        let dump = server.container.try_exec(&["sh", "-c", &run]).expect("pg_dump");
        let shown = |line: &&str| {
            !(line.is_empty()
                || line.starts_with("--")
                || line.starts_with("\\restrict")
                || line.starts_with("\\unrestrict"))
        };
        dump.lines().filter(shown).map(str::to_owned).collect()
    }

    fn assert_same_definitions(&self, read: impl Fn(String) -> String) {
        let lines = |production| self.definitions(production).into_iter().map(&read).collect::<Vec<_>>();
        let (here, there) = (lines(false), lines(true));
        let differing: Vec<_> =
            std::iter::zip(&here, &there).filter(|(here, there)| here != there).take(3).collect();
        assert!(here.len() == there.len() && differing.is_empty(), "{differing:#?}");
    }
}

#[tokio::test]
async fn every_kind_of_object_crosses_as_it_is() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    sides.production.execute("postgres", "DROP DATABASE shop").await;
    sides.production.execute("postgres", "CREATE DATABASE shop").await;
    sides.production.execute("shop", include_str!("copy_kinds.sql")).await;
    sides.configure(RULES);
    let config = sides.workspace.read("stagectl.yml").replace("root: User", "root: Kunde ÄÖ");
    sides.workspace.write("stagectl.yml", &config);

    let report = sides.workspace.stagectl(&["copy-data", "--all", "--json", "--yes"]).expect_code(0).json();
    sides.assert_same_definitions(|line| line);
    for query in TABLES {
        let (here, there) = (sides.rows(false, query).await, sides.rows(true, query).await);
        assert!(!there.is_empty(), "{query}");
        assert_eq!(here, there, "{query}");
    }
    // Where production's stand, or past the highest row, where rows came with numbers of their own.
    let sequences =
        "SELECT sequencename || ' ' || last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1";
    let stand = ["Kunde ÄÖ_Id_seq 155", "by_default_id_seq 77", "free_counter 47", "owned_counter 2"];
    assert_eq!(
        sides.here(sequences).await.into_iter().collect::<BTreeSet<_>>(),
        stand.map(str::to_owned).into()
    );
    let masked = r#"SELECT count(*) FROM "Kunde ÄÖ" WHERE "E-Mail" LIKE '%@staging.local'"#;
    assert_eq!(sides.here(masked).await, ["12"]);
    assert_eq!(sides.here("SELECT count(*) FROM unproven").await, ["2"]);
    let words = report["warnings"].to_string();
    assert!(words.contains("unproven"), "a key that does not hold is said: {words}");
    assert!(words.contains("large object"), "what stays behind is said: {words}");
    assert_eq!(sides.here("SELECT ispopulated FROM pg_matviews WHERE matviewname = 'unfilled'").await, ["f"]);

    // A subset: what belongs to the customer and what that needs, each kind of key held.
    sides.workspace.stagectl(&["copy-data", "--where", "Kunde ÄÖ: \"Id\" = 100", "--yes"]).expect_code(0);
    // What production has not proven may hold for the rows that have crossed.
    sides.assert_same_definitions(|line| line.replace(" NOT VALID", ""));
    let count = async |query: &str| sides.here(&format!("SELECT count(*) FROM {query}")).await[0].clone();
    for (query, rows) in [
        ("\"Kunde ÄÖ\"", "1"),
        ("measured", "4"),
        ("ONLY animal", "1"),
        ("dog", "0"),
        ("full_match", "1"),
        ("pair", "0"),
        ("keeper", "1"),
        // The chicken needs its egg, which needs the other chicken, and so on.
        ("chicken", "2"),
        ("egg", "2"),
        ("toasted", "3"),
        ("secretive", "1"),
    ] {
        assert_eq!(count(query).await, rows, "{query}");
    }
    assert_eq!(sides.here("SELECT a IS NULL AND b IS NULL FROM full_match").await, ["t"]);
}

#[tokio::test]
async fn a_foreign_table_is_refused_by_name() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    sides
        .production
        .execute(
            "shop",
            "CREATE EXTENSION postgres_fdw;
             CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'elsewhere.example');
             CREATE FOREIGN TABLE remote_things (id int) SERVER other",
        )
        .await;
    let outcome = sides.workspace.stagectl(&["copy-data", "--dry-run"]).expect_code(5);
    assert!(
        outcome.stderr.contains("remote_things") && outcome.stderr.contains("skip_tables"),
        "{}",
        outcome.stderr
    );
}
