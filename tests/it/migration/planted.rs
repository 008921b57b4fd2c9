//! Faults that a category's own test does not plant: a busy database, an index that is not valid, rows
//! that a trigger reaches, a migration that needs a row to be there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::staging::{DOWN, Staging, UP, expect, find};
use crate::support::engine_or_skip;

#[tokio::test(flavor = "multi_thread")]
async fn what_reaches_further_than_the_files_say_is_found() {
    if !engine_or_skip() {
        return;
    }
    let staging = Staging::start().await;
    staging.configure("");

    // An index on a partitioned table alone is valid only once every partition has its own.
    let partitioned = "SET ROLE app; CREATE TABLE events (at int) PARTITION BY RANGE (at); CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9)";
    staging.server.execute("staging_db", partitioned).await;
    staging.migration("CREATE INDEX events_at ON ONLY events (at);", Some("DROP INDEX events_at;"));
    let report = staging.test(&["--only", "integrity"]).expect_code(1).json();
    expect(&report, "MIG-INT-004", "fail", "events_at");

    // A trigger writes into a table that the migration does not name.
    let trigger = "SET ROLE app; CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE orders SET total = 0; RETURN NEW; END';
        CREATE TRIGGER touch AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()";
    staging.server.execute("staging_db", trigger).await;
    staging.migration("UPDATE users SET visits = 1;", Some("UPDATE users SET visits = NULL;"));
    let report = staging.test(&["--only", "integrity", "--only", "rollback"]).expect_code(1).json();
    expect(&report, "MIG-INT-007", "warn", "public.orders");
    expect(
        &report,
        "MIG-ROL-003",
        "fail",
        "public.orders (total): 12 rows, 12 of them differ (keys 1, 2, 3, 4, 5 …)",
    );
    assert_eq!(report["stairway"]["steps"][0]["verdict"], "fail", "{report:#}");
    staging.server.execute("staging_db", "DROP TRIGGER touch ON users").await;

    // Up takes for granted that a row is there.
    staging.migration(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM users) THEN RAISE EXCEPTION 'nobody is there'; END IF; END $$;",
        Some("SELECT 1;"),
    );
    let report = staging.test(&["--only", "edge-cases"]).expect_code(1).json();
    expect(&report, "MIG-EDG-012", "fail", "nobody is there");

    // A slot that nobody reads holds back the log, and what the server has not cannot be made.
    let behind = "SELECT pg_create_physical_replication_slot('idle', true)";
    staging.server.execute("postgres", behind).await;
    let segment = "SELECT pg_logical_emit_message(false, 'x', 'y'); SELECT pg_switch_wal()";
    for _ in 0..6 {
        staging.server.execute("postgres", segment).await;
    }
    staging.migration(
        "CREATE EXTENSION IF NOT EXISTS nowhere;\nCREATE EXTENSION \"pageinspect\";\nCREATE EXTENSION citext;",
        Some("DROP EXTENSION citext;"),
    );
    let report = staging.test(&["--only", "prerequisites"]).expect_code(1).json();
    expect(&report, "MIG-PRE-011", "warn", "the slot idle is not in use");
    expect(&report, "MIG-PRE-012", "fail", "the server does not offer `nowhere`");
    expect(&report, "MIG-PRE-012", "fail", "only a superuser may make `pageinspect`");
    assert!(!find(&report, "MIG-PRE-012").to_string().contains("citext"), "{report:#}");
    staging.server.execute("postgres", "SELECT pg_drop_replication_slot('idle')").await;

    // A prepared transaction holds up every copy: it is named, and nothing is tried.
    staging.migration(UP, Some(DOWN));
    let prepare = "BEGIN; UPDATE users SET visits = 2; PREPARE TRANSACTION 'forgotten'";
    staging.server.execute("staging_db", prepare).await;
    let report = staging.test(&["--only", "prerequisites"]).expect_code(1).json();
    expect(&report, "MIG-PRE-005", "fail", "prepared transaction forgotten");
    assert_eq!(staging.databases().await, ["staging_db"]);
    staging.server.execute("staging_db", "ROLLBACK PREPARED 'forgotten'").await;

    // Somebody goes on writing while the database is copied.
    let (stop, address) = (Arc::new(AtomicBool::new(false)), staging.server.address("staging_db"));
    let writer = tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            while !stop.load(Ordering::Relaxed) {
                // Its session is closed for the moment of the copy, like anybody's.
                if let Ok(session) = stagectl::postgres::connect(&address).await {
                    while session
                        .batch_execute("INSERT INTO orders SELECT max(id) + 1 FROM orders")
                        .await
                        .is_ok()
                        && !stop.load(Ordering::Relaxed)
                    {
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    });
    let report =
        tokio::task::block_in_place(|| staging.test(&["--only", "prerequisites"]).expect_code(1).json());
    stop.store(true, Ordering::Relaxed);
    writer.await.expect("the writer ends");
    expect(&report, "MIG-PRE-007", "fail", "changed while it was copied");
}
