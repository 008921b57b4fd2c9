//! Several steps: each one is taken, taken back and taken again.

use super::staging::{Staging, expect, find};
use crate::support::engine_or_skip;

#[tokio::test(flavor = "multi_thread")]
async fn several_steps_are_climbed_one_by_one_and_irreversible_ones_are_named() {
    if !engine_or_skip() {
        return;
    }
    let staging = Staging::start().await;
    let write = |name: &str, text: &str| staging.workspace.write(&format!("migrations/{name}"), text);
    write("1_age/up.sql", "ALTER TABLE users ADD age int;");
    write("1_age/down.sql", "ALTER TABLE users DROP age;");
    write("2_index/up.sql", "CREATE INDEX CONCURRENTLY users_age ON users (age);");
    write("2_index/down.sql", "-- forgotten\nSELECT 1;");
    write("3_drop/up.sql", "UPDATE users SET note = 'gone';");
    write("3_drop/down.sql", "DO $$ BEGIN RAISE EXCEPTION 'there is no way back'; END $$;");
    write("4_empty/up.sql", "ALTER TABLE users ADD size int;");
    write("4_empty/down.sql", "-- to be written\n");
    staging.configure("");
    let text = staging.workspace.read("stagectl.yml").replace("path: migrations/one", "path: migrations");
    staging.workspace.write("stagectl.yml", &text);

    let report = staging.test(&["--only", "rollback"]).expect_code(1).json();
    expect(&report, "MIG-ROL-002", "fail", "2_index: index public.users_age was not there before");
    assert_eq!(find(&report, "MIG-ROL-002")["evidence"].as_array().expect("evidence").len(), 1);
    expect(&report, "MIG-ROL-004", "fail", "2_index");
    expect(
        &report,
        "MIG-ROL-005",
        "fail",
        "3_drop is declared irreversible: down raises `there is no way back",
    );
    expect(&report, "MIG-ROL-005", "fail", "4_empty is declared irreversible: its down is empty");

    write("2_index/down.sql", "DROP INDEX CONCURRENTLY users_age;");
    staging.workspace.write("stagectl.yml", &format!("{text}  irreversible: [3_drop, 4_empty]\n"));
    let report = staging.test(&["--only", "rollback"]).expect_code(0).json();
    assert_eq!(report["verdict"], "ready-with-warnings");
    expect(&report, "MIG-ROL-005", "warn", "2 accepted");
}
