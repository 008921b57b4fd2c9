//! What a dry run finds out about masks before any row crosses, and rules that production's server computes.

use serde_json::Value;

use crate::copy_between::Servers;
use crate::support::engine_or_skip;

const PRODUCTION: &str = "
    CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]{3}[0-9]{3}$');
    CREATE TABLE country (code char(2) PRIMARY KEY, name text NOT NULL);
    CREATE TABLE client (
      ref varchar(5) PRIMARY KEY, country char(2) NOT NULL REFERENCES country, full_name text NOT NULL,
      born date NOT NULL CHECK (born > '1900-01-01'), card code NOT NULL, plan text NOT NULL,
      nick text, CONSTRAINT plan_is_known CHECK (plan IN ('free', 'paid') OR nick IS NULL));
    CREATE TABLE visit (id int PRIMARY KEY, client varchar(5) NOT NULL REFERENCES client, country char(2) REFERENCES country);
    INSERT INTO country VALUES ('DE', 'Germany'), ('FR', 'France'), ('IT', 'Italy');
    INSERT INTO client SELECT 'C' || to_char(i, 'FM0000'), (ARRAY['DE', 'FR', 'IT'])[1 + i % 3],
      'Vorname' || i || ' Nachname' || i, date '1980-01-01' + i, 'ABC' || to_char(i, 'FM000'), 'free', 'nick' || i
      FROM generate_series(1, 60) i;
    INSERT INTO visit SELECT i, 'C' || to_char(1 + i % 60, 'FM0000'), 'DE' FROM generate_series(1, 200) i";

impl Servers {
    async fn with(script: &str) -> Self {
        let servers = Self::start().await;
        servers.production.execute("postgres", "DROP DATABASE shop").await;
        servers.production.execute("postgres", "CREATE DATABASE shop").await;
        servers.production.execute("shop", script).await;
        servers
    }

    fn rules(&self, text: &str) {
        self.workspace.write("masking.yml", &format!("tables:\n{text}"));
    }
}

#[tokio::test]
async fn masks_that_production_would_not_take_are_named_before_a_row_crosses_and_sql_makes_better_ones() {
    if !engine_or_skip() {
        return;
    }
    let servers = Servers::with(PRODUCTION).await;

    // Keys are masked with what they lead to, even where nobody has decided about either.
    servers.rules("  client: {born: date-shift, card: {keep: a code}, plan: {keep: a word}}\n");
    servers.copy(&["--unclassified", "mask", "--yes"]).expect_code(0);
    let joined =
        "SELECT count(*) FROM visit v JOIN client c ON c.ref = v.client JOIN country k ON k.code = v.country";
    assert_eq!(servers.here(joined).await, ["200"]);
    assert_eq!(servers.here("SELECT count(*) FROM client WHERE ref ~ '^C00'").await, ["0"]);

    // A check, a domain, a type and a NULL: each found by a dry run, with its name and no value.
    let rules = "
  country: {code: {keep: a code}, name: {keep: a country}}
  client:
    ref: token
    full_name: name
    born: {constant: '1850-01-01'}
    card: hash
    plan: city
    nick: username
";
    servers.rules(rules);
    let outcome = servers.copy(&["--dry-run"]).expect_code(5);
    let plan: Value = serde_json::from_str(&outcome.stdout).expect("the plan");
    let broken: Vec<(&str, u64)> = plan["database"]["violations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["rule"].as_str().unwrap_or_default(), one["rows"].as_u64().unwrap_or_default()))
        .collect();
    assert_eq!(broken, [("the type code of card", 60)], "{plan:#}");
    servers.rules(&rules.replace("card: hash", "card: token"));
    let outcome = servers.copy(&["--dry-run"]).expect_code(5);
    for rule in ["the check client_born_check", "the check plan_is_known"] {
        assert!(outcome.stdout.contains(rule), "{rule}: {}", outcome.stdout);
    }
    assert!(!outcome.stdout.contains("Nachname") && !outcome.stderr.contains("Nachname"));

    // Computed by production's server, in the snapshot, whatever the type.
    let rules = "
  country: {code: {keep: a code}, name: {keep: a country}}
  client:
    ref: token
    full_name: {sql: \"'Client ' || md5(ref)\"}
    born: {sql: \"date_trunc('year', born) + (extract(doy from born)::int % 2) * interval '1 day'\"}
    card: token
    plan: {keep: a word}
    nick: {sql: \"nullif(left(nick, 4), 'nick')\"}
";
    servers.rules(rules);
    servers.copy(&["--dry-run"]).expect_code(0);
    let report = servers.copy(&["--yes"]).expect_code(0).json();
    let made = "SELECT count(*) FROM client WHERE full_name ~ '^Client [0-9a-f]{32}$' AND nick IS NULL AND born = ANY (ARRAY['1980-01-01', '1980-01-02']::date[])";
    assert_eq!(servers.here(made).await, ["60"]);
    let client =
        report["tables"].as_array().unwrap().iter().find(|table| table["table"] == "client").unwrap();
    assert!(client["masked_cells"].as_u64() >= Some(60 * 4), "{client:#}");

    // What an expression lets through is found, as that of any other rule.
    servers.rules(&rules.replace("'Client ' || md5(ref)", "upper(full_name)"));
    let outcome = servers.copy(&["--yes"]).expect_code(5);
    assert!(outcome.stderr.contains("client.full_name"), "{}", outcome.stderr);

    for (expression, word) in [
        ("md5(full_name)) FROM client", "closes nothing"),
        ("full_name || random()", "random"),
        ("(SELECT max(full_name) FROM client)", "SELECT"),
        ("max(full_name)", "more than one row"),
        ("nextval('x')::text", "nextval"),
        ("no_such_column", "no_such_column"),
        ("'a'; DROP TABLE client", ";"),
    ] {
        servers.rules(&rules.replace("'Client ' || md5(ref)", expression));
        let outcome = servers.copy(&["--dry-run"]).expect_code(3);
        assert!(outcome.stderr.contains(word), "{expression}: {}", outcome.stderr);
    }
    servers.rules(&rules.replace("ref: token", "ref: {sql: md5(ref)}"));
    assert!(servers.copy(&["--dry-run"]).expect_code(3).stderr.contains("foreign key"));
}
