//! The leak check against a real server: a planted original is found in each place that can hide one,
//! named by its place, and nothing is found where there is none.

use std::collections::{BTreeMap, BTreeSet};

use stagectl::config::masking::Strategy;
use stagectl::data::leak::{Matcher, Originals, Scan, Task, scan};

use crate::support::{Postgres, engine_or_skip};

fn originals() -> Matcher {
    let originals = Originals::new([0x5eed, 0x9e37_79b9_7f4a_7c15]);
    let mut collector = originals.collector();
    for (strategy, value) in [
        (Strategy::Email, "Jane.Doe@real.example"),
        (Strategy::Name, "Jörg Müllersen"),
        (Strategy::Phone, "+49 170 1234567"),
        (Strategy::Iban, "DE89 3704 0044 0532 0130 00"),
        (Strategy::ShortName, "Annabel"),
        (Strategy::ShortName, "Quist"),
    ] {
        collector.add(&strategy, value).expect("few values");
    }
    collector.end_row();
    for name in ["Berta", "Carlo", "Dorit", "Emil"] {
        collector.add(&Strategy::ShortName, name).expect("few values");
        collector.end_row();
    }
    collector.finish().expect("few values");
    originals.freeze()
}

async fn read(server: &Postgres, database: &str) -> Scan {
    let task = Task {
        database: &server.address(database),
        matcher: &originals(),
        email_domain: "staging.local",
        sums: &BTreeMap::new(),
        workers: 2,
    };
    scan(task).await.expect("read the database")
}

/// A table, or another object, for each place; the comment tells how the scan must call it.
const PLANTED: &str = r#"
CREATE EXTENSION hstore;
CREATE TABLE in_text AS SELECT i, CASE i WHEN 7 THEN 'he said: "write to JANE.DOE@real.example"' END AS v FROM generate_series(1, 9) i;
CREATE TABLE in_name AS SELECT 'signed JO' || U&'\0308' || 'RG MU' || U&'\0308' || 'LLERSEN'::text AS v;
CREATE TABLE in_varchar AS SELECT '(0)49-170/123 45 67 or +49 170 123 45 67'::varchar(60) AS v;
CREATE TABLE in_bigint AS SELECT 491701234567 AS v;
CREATE TABLE in_jsonb AS SELECT '{"a": [{"b": "tel. +49 (170) 1234567"}]}'::jsonb AS v;
CREATE TABLE in_json AS SELECT '{"a": "J\u00f6rg M\u00fcllersen"}'::json AS v;
CREATE TABLE in_json_key AS SELECT '{"jane.doe@real.example": 1}'::jsonb AS v;
CREATE TABLE in_json_in_json AS SELECT to_jsonb('{"a": "J\u00f6rg\nM\u00fcllersen"}'::text) AS v;
CREATE TABLE in_array AS SELECT ARRAY[NULL, 'x', 'Jörg "Müllersen"'] AS v;
CREATE TABLE in_jsonb_array AS SELECT ARRAY['{"a": "Jörg Müllersen"}'::jsonb] AS v;
CREATE TYPE person AS (id int, name text);
CREATE TABLE in_composite AS SELECT ROW(1, 'Müllersen, Jörg Müllersen')::person AS v;
CREATE TABLE in_composite_array AS SELECT ARRAY[ROW(1, 'Jörg Müllersen')::person] AS v;
CREATE DOMAIN a_line AS text;
CREATE TABLE in_domain AS SELECT 'DE89370400440532013000'::a_line AS v;
CREATE TABLE in_xml AS SELECT '<p><a>J&#246;rg</a> <b x="1">M&#xfc;llersen</b></p>'::xml AS v;
CREATE TABLE in_xml_attribute AS SELECT '<p mail="jane.doe&#64;real.example"/>'::xml AS v;
CREATE TABLE in_hstore AS SELECT hstore('contact', 'jane.doe@real.example') AS v;
CREATE TABLE in_hstore_key AS SELECT hstore('jane.doe@real.example', '1') AS v;
CREATE TABLE in_tsvector AS SELECT 'jane.doe@real.example'::tsvector AS v;
CREATE TABLE in_bytes AS SELECT 'from Jörg Müllersen'::text::bytea AS v;
CREATE TABLE in_bytes_utf16 AS SELECT '\x4a0061006e0065002e0044006f00650040007200650061006c002e006500780061006d0070006c006500'::bytea AS v;
CREATE TABLE in_base64 AS SELECT 'token ' || encode('jane.doe@real.example', 'base64') AS v;
CREATE TABLE in_hex AS SELECT encode('jane.doe@real.example', 'hex') AS v;
CREATE TABLE in_link AS SELECT 'https://x.example/?to=jane.doe%40real.example'::text AS v;
CREATE TABLE in_two_columns_of_names AS SELECT 'Mrs Quist, Annabel'::text AS v;
CREATE TABLE in_column_of_names AS SELECT unnest(ARRAY['Berta', 'Carlo', 'DORIT', 'Emil', 'x']) AS v;
CREATE TABLE in_partition (i int, v text) PARTITION BY LIST (i);
CREATE TABLE a_partition PARTITION OF in_partition FOR VALUES IN (1);
INSERT INTO in_partition VALUES (1, 'jane.doe@real.example');
CREATE TABLE parent (v text); CREATE TABLE in_child () INHERITS (parent);
INSERT INTO in_child VALUES ('jane.doe@real.example');
CREATE TABLE foreign_address AS SELECT 'somebody@else.example'::text AS v;
CREATE SCHEMA other; CREATE TABLE other."In Schema" AS SELECT 'jane.doe@real.example'::text AS "V";
CREATE UNLOGGED TABLE in_unlogged AS SELECT 'jane.doe@real.example'::text AS v;
CREATE MATERIALIZED VIEW in_matview AS SELECT 'Jörg' || ' Müllersen' AS v;
SELECT lo_from_bytea(0, repeat('-', 1048570)::bytea || 'to jane.doe@real.example'::bytea);
CREATE TABLE t (i int DEFAULT 1, d text DEFAULT 'jane.doe@real.example', CONSTRAINT ck CHECK (d <> 'Jörg Müllersen'));
COMMENT ON TABLE t IS 'ask Jörg Müllersen'; COMMENT ON COLUMN t.i IS 'DE89 3704 0044 0532 0130 00';
COMMENT ON SCHEMA public IS 'of jane.doe@real.example';
CREATE TYPE label AS ENUM ('jane.doe@real.example');
CREATE FUNCTION f(a text DEFAULT 'Jörg Müllersen') RETURNS text LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$ SELECT 'call +49 170 1234567' $$;
CREATE VIEW v AS SELECT 'jane.doe@real.example' AS v;
CREATE INDEX ix ON t (i) WHERE d = 'jane.doe@real.example';
CREATE TABLE listed (v text) PARTITION BY LIST (v);
CREATE TABLE listed_one PARTITION OF listed FOR VALUES IN ('Jörg Müllersen');
CREATE POLICY po ON t USING (d = 'jane.doe@real.example');
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf('jane.doe@real.example');
CREATE RULE ru AS ON DELETE TO t DO INSTEAD SELECT 'jane.doe@real.example';
CREATE DOMAIN dc AS text CHECK (VALUE <> 'jane.doe@real.example') DEFAULT 'jane.doe@real.example';
CREATE STATISTICS st ON (i = 1), (d = 'jane.doe@real.example') FROM t;
ALTER DATABASE planted SET app.contact = 'jane.doe@real.example';
COMMENT ON DATABASE planted IS 'jane.doe@real.example';
"#;

const OBJECTS: [&str; 21] = [
    "large objects",
    "comment on table t",
    "comment on column i of table t",
    "comment on schema public",
    "comment on the database",
    "label of enum label",
    "default of t.d",
    "constraint ck",
    "function f(text)",
    "function g()",
    "view v",
    "index ix",
    "bounds of partition listed_one",
    "policy po",
    "trigger tr",
    "rule ru",
    "constraint dc_check",
    "default of type dc",
    "statistics st",
    "settings of the database",
    "a_partition.v",
];

#[tokio::test]
async fn an_original_is_found_in_every_place_that_can_hide_one() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server.execute("postgres", "CREATE DATABASE planted").await;
    server.execute("postgres", "CREATE DATABASE innocent").await;
    server.execute("planted", PLANTED).await;
    let found = read(&server, "planted").await;

    let mut expected: BTreeSet<String> = OBJECTS.iter().map(|&place| place.to_owned()).collect();
    expected.insert("foreign_address.v".into());
    expected.insert("other.In Schema.V".into());
    // What a partition holds is named by the partition.
    for line in PLANTED
        .lines()
        .filter(|line| !line.contains("PARTITION"))
        .filter(|line| line.contains("TABLE in_") || line.contains("VIEW in_"))
    {
        let name = line.split_whitespace().find(|word| word.starts_with("in_")).expect("a name");
        expected.insert(format!("{name}.v"));
    }
    let hits: BTreeSet<String> = found.hits.keys().cloned().collect();
    let missed: Vec<&String> = expected.difference(&hits).collect();
    let more: Vec<&String> = hits.difference(&expected).collect();
    assert!(missed.is_empty() && more.is_empty(), "missed: {missed:#?}, too many: {more:#?}");
    assert_eq!(found.hits["in_column_of_names.v"], 4);

    // The same kinds of places with masks, and with words, numbers and addresses that only look alike.
    let innocent = r#"
        CREATE TABLE masks AS SELECT '0123456789abcdef0123@staging.local'::text AS a, 'Verity Ashmockle'::text AS b, '+49 004 9381273'::text AS c;
        CREATE TABLE alike AS SELECT unnest(ARRAY['Jörg', 'Annabel', 'Müllersen Jörg x', 'real.example', '49 170', '1234567', 'jane doe']) AS a;
        CREATE TABLE numbers AS SELECT 4917012345670 + i AS a, now() AS at, '{"at": "2026-01-31 10:11:12"}'::jsonb AS j FROM generate_series(1, 99) i;
        CREATE TABLE without_columns ();
        COMMENT ON TABLE masks IS 'ask team@company.example'"#;
    server.execute("innocent", innocent).await;
    let found = read(&server, "innocent").await;
    assert_eq!(found.hits, BTreeMap::new());
    assert_eq!(found.addresses, ["comment on table masks"]);
}
