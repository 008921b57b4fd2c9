//! The proof before the swap, with a fault planted for each check: something in production's own schema
//! that changes the new database after its rows are in. And a copy between two major versions.

use crate::copy_apply::{RULES, Sides};
use crate::support::{Postgres, engine_or_skip};

/// A view whose content is computed when it is filled, at the end of a copy; elsewhere it does nothing.
fn fault(statement: &str) -> String {
    format!(
        "DROP MATERIALIZED VIEW IF EXISTS fault; DROP FUNCTION IF EXISTS harm();
         CREATE FUNCTION harm() RETURNS int LANGUAGE plpgsql VOLATILE AS $harm$ BEGIN
           IF current_database() <> 'shop' THEN {statement}; END IF; RETURN 1; END $harm$;
         CREATE MATERIALIZED VIEW fault AS SELECT harm()"
    )
}

#[tokio::test]
async fn whatever_changes_between_the_rows_and_the_swap_stops_the_swap() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    for (statement, words) in [
        (
            r#"DELETE FROM public.audit WHERE "userId" = (SELECT min("userId") FROM public.audit)"#,
            "audit holds",
        ),
        (
            r#"UPDATE public."Order" SET total = total + 0.01 WHERE id = (SELECT min(id) FROM public."Order")"#,
            "Order holds other values than were read",
        ),
        (r#"PERFORM setval('public."Order_id_seq"', 1)"#, "sequence public.Order_id_seq is behind its rows"),
        ("DROP TRIGGER watch ON public.\"User\"", "trigger public.User.watch is missing"),
        ("CREATE INDEX extra ON public.audit (event)", "index public.extra is not production's"),
        (
            r#"EXECUTE format('COMMENT ON TABLE public."User" IS %L',
                 (SELECT string_agg('Jane Doe Number' || i, ', ') FROM generate_series(0, 39) i))"#,
            "would have reached staging: comment on table",
        ),
    ] {
        sides.production.execute("shop", &fault(statement)).await;
        let outcome = sides.copy();
        assert_ne!(outcome.code, 0, "{statement}");
        assert!(outcome.stderr.contains(words), "{statement}: {}", outcome.stderr);
        assert_eq!(sides.databases().await, ["staging_db"], "{statement}: staging is as it was");
        assert_eq!(sides.here("SELECT count(*) FROM before").await, ["2"]);
    }
    sides.configure(RULES);
    sides.production.execute("shop", &fault("NULL")).await;
    let report = sides.copy().expect_code(0).json();
    let check = &report["integrity"];
    assert_eq!(check["rows"], report["rows"], "{report:#}");
    assert!(check["objects"].as_u64() >= Some(20) && check["foreign_keys"].as_u64() >= Some(4), "{check:#}");
    assert!(check["sequences"].as_u64() >= Some(1), "{check:#}");
}

#[tokio::test]
async fn a_copy_crosses_to_a_server_two_major_versions_newer() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start_over(Postgres::start_newer()).await;
    assert!(sides.here("SHOW server_version").await[0].starts_with("17"));
    let report = sides.copy().expect_code(0).json();
    assert_eq!(report["leak_check"]["hits"], serde_json::json!({}));
    assert!(report["integrity"]["columns"].as_u64() >= Some(5), "{:#}", report["integrity"]);
    let rows = r#"SELECT count(*) FROM "Order""#;
    assert_ne!(sides.here(rows).await, ["0"]);
    assert_eq!(sides.here("SELECT count(*) FROM pg_constraint WHERE NOT convalidated").await, ["0"]);
}
