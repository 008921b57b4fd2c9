//! Each layout read from files in its tool's own format.

use std::path::{Path, PathBuf};

use super::*;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/migrations")
}

fn config(path: &str) -> Migration {
    Migration { path: path.to_owned(), ..Migration::default() }
}

/// Name, id in the tool's book, whether up and down run in one transaction.
fn read(layout: &str) -> Vec<(String, String, bool, Option<bool>)> {
    let wrapped = |action: &Action| action.script().is_some_and(|script| script.wrapped);
    load(&data(), &config(layout))
        .unwrap()
        .iter()
        .map(|step| (step.name.clone(), step.id.clone(), wrapped(&step.up), step.down.as_ref().map(wrapped)))
        .collect()
}

fn row(name: &str, id: &str, up: bool, down: Option<bool>) -> (String, String, bool, Option<bool>) {
    (name.to_owned(), id.to_owned(), up, down)
}

#[test]
fn every_layout_is_recognised_by_its_files() {
    for (path, layout) in [
        ("plain", Layout::Plain),
        ("plain/01_items", Layout::Plain),
        ("diesel", Layout::Diesel),
        ("sqlx", Layout::Sqlx),
        ("sqlx-simple", Layout::Sqlx),
        ("golang-migrate", Layout::GolangMigrate),
        ("timestamps", Layout::GolangMigrate),
        ("dbmate", Layout::Dbmate),
        ("goose", Layout::Goose),
        ("sqitch", Layout::Sqitch),
        ("flyway", Layout::Flyway),
        ("prisma", Layout::Prisma),
    ] {
        // A Cargo.toml nearby speaks for sqlx, and this folder is a crate's.
        let root = tempfile::tempdir().unwrap();
        copy(&data().join(path), &root.path().join("a/b/m"));
        assert_eq!(detect(root.path(), &config("a/b/m")).unwrap(), layout, "{path}");
    }
    let root = tempfile::tempdir().unwrap();
    crate::store::write(&root.path().join("alembic.ini"), b"", crate::store::Mode::Public).unwrap();
    assert_eq!(detect(root.path(), &config(".")).unwrap(), Layout::Alembic);
}

fn copy(from: &Path, to: &Path) {
    for entry in fs_err::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            let text = fs_err::read(&path).unwrap();
            crate::store::write(&to, &text, crate::store::Mode::Public).unwrap();
        }
    }
}

#[test]
fn diesel_orders_by_digits_and_leaves_a_transaction_out_where_the_metadata_says_so() {
    assert_eq!(
        read("diesel"),
        [
            row("00000000000000_diesel_initial_setup", "00000000000000", true, Some(true)),
            row("20200102000000_create_items", "20200102000000", true, Some(true)),
            row("2020-01-03-000000_add_price", "20200103000000", true, Some(true)),
            row("2020-01-04-000000_index_items", "20200104000000", false, Some(false)),
        ]
    );
}

#[test]
fn sqlx_orders_by_number_and_knows_no_transaction() {
    let simple: Vec<String> = read("sqlx-simple").into_iter().map(|step| step.1).collect();
    assert_eq!(simple, ["1", "2", "10"]);
    assert_eq!(
        read("sqlx"),
        [
            row("20200101000000_items", "20200101000000", true, Some(true)),
            row("20200102000000_index", "20200102000000", false, Some(false)),
        ]
    );
}

#[test]
fn golang_migrate_sends_a_file_as_one_query() {
    let at =
        |name: &str| load(&data(), &Migration { layout: Layout::GolangMigrate, ..config(name) }).unwrap();
    let steps = at("golang-migrate");
    let wrapped = |step: &Step| step.up.script().unwrap().wrapped;
    // Two statements in one query are a transaction, one is none.
    assert_eq!(steps.iter().map(wrapped).collect::<Vec<_>>(), [true, false]);
    assert_eq!(steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(at("timestamps").iter().filter(|step| step.down.is_some()).count(), 2);
}

#[test]
fn dbmate_and_goose_hold_both_directions_in_one_file() {
    assert_eq!(
        read("dbmate"),
        [
            row("20200101000000_items", "20200101000000", true, Some(true)),
            row("20200102000000_index", "20200102000000", false, Some(false)),
        ]
    );
    assert_eq!(
        read("goose"),
        [row("00001_items", "1", true, Some(true)), row("00002_index", "2", false, Some(false))]
    );
    let steps = load(&data(), &config("goose")).unwrap();
    let (up, down) = (steps[0].up.script().unwrap(), steps[0].down.as_ref().unwrap().script().unwrap());
    assert_eq!((up.statements.len(), down.statements.len()), (2, 2));
    assert_eq!(down.statements[0].line, 13);
}

#[test]
fn sqitch_follows_its_plan_and_leaves_metacommands_to_psql() {
    let steps = load(&data(), &config("sqitch")).unwrap();
    assert_eq!(
        steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(),
        ["items", "stock@v1.0", "stock"]
    );
    assert!(steps.iter().all(|step| step.verify.is_some() && step.down.is_some()));
    assert!(
        matches!(&steps[0].up, Action::Command(command) if command.line.ends_with("--file 'deploy/items.sql'"))
    );
    assert!(!steps[1].up.script().unwrap().wrapped);
}

#[test]
fn flyway_orders_by_version_and_takes_repeatables_last() {
    assert_eq!(
        read("flyway"),
        [
            row("V1__items", "1", true, Some(true)),
            row("V1_9__price", "1.9", true, None),
            row("V1_10__stock", "1.10", true, Some(true)),
            row("V2__index", "2", false, None),
            row("R__cheap_items", "R__cheap_items.sql", true, None),
        ]
    );
    let steps = load(&data(), &config("flyway")).unwrap();
    assert!(steps[1].no_way_back().unwrap().contains("no undo script"));
}

#[test]
fn prisma_has_no_way_back_but_for_a_down_beside_it() {
    let steps = load(&data(), &config("prisma")).unwrap();
    assert!(steps[0].no_way_back().unwrap().contains("Prisma has no way back"));
    assert_eq!(steps[1].no_way_back(), None);
}

#[test]
fn what_cannot_be_read_is_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        crate::store::write(&root.path().join(name), text.as_bytes(), crate::store::Mode::Public).unwrap();
    };
    let problem = |path: &str| load(root.path(), &config(path)).unwrap_err().message;
    assert!(problem("m").contains("no folder `m`"));
    put("m/README", "");
    assert!(problem("m").contains("no migration in a layout that is known"));
    put("one/1_a.up.sql", "SELECT 1;");
    put("one/01_b.up.sql", "SELECT 1;");
    assert!(problem("one").contains("have one version, 1"), "{}", problem("one"));
    put("half/1_a.up.sql", "SELECT 1;");
    put("half/2_a.down.sql", "SELECT 1;");
    assert!(problem("half").contains("`2_a` has a down and no up"));
    put("mate/1_a.sql", "-- migrate:up\nSELECT 'x\n");
    assert!(problem("mate").starts_with("mate/1_a.sql:2:"), "{}", problem("mate"));
}
