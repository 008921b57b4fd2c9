//! Plans: of a fresh folder, of an untouched one, of one that somebody edited.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::config::{Settings, load};
use crate::ui::{Options, Ui};

const SMALL: &str = "version: 1\nproject: x\nenv: {S: {generate: hex}, N: one}\nservices:\n  a: {image: 'a:1', environment: {S: '${S}'}}\n";

fn quiet() -> Ui {
    Ui::new(Options { quiet: true, ..Options::default() })
}

fn load_from(root: &Path, text: &str) -> Settings {
    let existing = fs_err::read_to_string(root.join(".env.staging"))
        .map(|text| crate::config::env::parse(&text, "").unwrap())
        .unwrap_or_default();
    Settings::resolve(root.to_owned(), load::parse(text, None).unwrap(), &existing, BTreeMap::new()).unwrap()
}

fn planned(root: &Path, text: &str) -> (Settings, Plan) {
    let settings = load_from(root, text);
    let plan = plan(&settings, &observe(&settings).unwrap()).unwrap();
    (settings, plan)
}

fn generate(root: &Path, text: &str) -> Settings {
    let (settings, plan) = planned(root, text);
    apply(&settings, &plan, &quiet()).unwrap()
}

fn change(plan: &Plan, path: &str) -> Change {
    plan.actions.iter().find(|action| action.path == Path::new(path)).unwrap().change
}

#[test]
fn the_plan_of_a_fresh_folder_names_the_secret_and_holds_no_value() {
    let root = tempfile::tempdir().unwrap();
    let (_, plan) = planned(root.path(), SMALL);
    assert_eq!(plan.secrets, ["S"]);
    assert_eq!(change(&plan, ".env.staging"), Change::Create);
    assert!(!plan.json().to_string().contains("0000"), "a stand-in is nobody's business");
    assert_eq!(fs_err::read_dir(root.path()).unwrap().count(), 0, "planning writes nothing");
}

#[test]
fn a_plan_after_its_own_apply_is_empty_and_secrets_stay() {
    let root = tempfile::tempdir().unwrap();
    generate(root.path(), SMALL);
    let first = fs_err::read_to_string(root.path().join(".env.staging")).unwrap();
    let (settings, plan) = planned(root.path(), SMALL);
    assert!(plan.is_empty(), "{}", plan.text(true));
    apply(&settings, &plan, &quiet()).unwrap();
    assert_eq!(fs_err::read_to_string(root.path().join(".env.staging")).unwrap(), first);
}

#[test]
fn a_change_of_the_config_updates_and_an_edit_by_hand_is_kept_beside() {
    let root = tempfile::tempdir().unwrap();
    generate(root.path(), SMALL);
    let changed = SMALL.replace("a:1", "a:2");
    let (_, plan) = planned(root.path(), &changed);
    assert_eq!(change(&plan, "docker-compose.staging.yml"), Change::Update);
    assert!(plan.text(true).contains("+     image: 'a:2'"), "{}", plan.text(true));

    let compose = root.path().join("docker-compose.staging.yml");
    fs_err::write(&compose, "services: {}\n").unwrap();
    let (settings, plan) = planned(root.path(), SMALL);
    assert_eq!(change(&plan, "docker-compose.staging.yml"), Change::ForeignEdit);
    apply(&settings, &plan, &quiet()).unwrap();
    let kept = root.path().join("docker-compose.staging.yml.edited");
    assert_eq!(fs_err::read_to_string(kept).unwrap(), "services: {}\n");
    assert!(planned(root.path(), SMALL).1.is_empty());
}

#[test]
fn a_variable_that_was_added_by_hand_stays_and_is_named() {
    let root = tempfile::tempdir().unwrap();
    generate(root.path(), SMALL);
    let path = root.path().join(".env.staging");
    let text = fs_err::read_to_string(&path).unwrap();
    fs_err::write(&path, format!("{text}MINE='it''s mine'\n")).unwrap();
    let (settings, plan) = planned(root.path(), SMALL);
    assert_eq!(plan.kept_variables, ["MINE"]);
    apply(&settings, &plan, &quiet()).unwrap();
    assert!(fs_err::read_to_string(&path).unwrap().contains("MINE="));
    assert!(planned(root.path(), SMALL).1.is_empty());
}

#[test]
fn a_secret_that_others_may_read_is_closed_again() {
    let root = tempfile::tempdir().unwrap();
    generate(root.path(), SMALL);
    let path = root.path().join("staging-data/env/a.env");
    fs_err::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let (settings, plan) = planned(root.path(), SMALL);
    assert_eq!(change(&plan, "staging-data/env/a.env"), Change::Update);
    apply(&settings, &plan, &quiet()).unwrap();
    let mode = std::os::unix::fs::MetadataExt::mode(&fs_err::metadata(&path).unwrap());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_file_that_is_no_longer_wanted_goes_unless_it_was_edited() {
    let root = tempfile::tempdir().unwrap();
    generate(root.path(), SMALL);
    let without = SMALL.replace(", environment: {S: '${S}'}", "");
    let (_, plan) = planned(root.path(), &without);
    assert_eq!(change(&plan, "staging-data/env/a.env"), Change::Remove);
    fs_err::write(root.path().join("staging-data/env/a.env"), "S='mine'\n").unwrap();
    let (_, plan) = planned(root.path(), &without);
    assert_eq!(change(&plan, "staging-data/env/a.env"), Change::Unchanged);
}

#[test]
fn the_diff_of_a_secret_file_names_variables_and_shows_no_value() {
    let root = tempfile::tempdir().unwrap();
    generate(root.path(), SMALL);
    let (_, plan) = planned(root.path(), &SMALL.replace("N: one", "N: two-two"));
    let text = plan.text(true);
    assert!(text.contains(".env.staging: N differ"), "{text}");
    assert!(!text.contains("two-two"), "{text}");
}

#[test]
fn in_a_git_repository_secrets_are_ignored_and_the_users_lines_stay() {
    let root = tempfile::tempdir().unwrap();
    fs_err::create_dir(root.path().join(".git")).unwrap();
    fs_err::write(root.path().join(".gitignore"), "/target\n.env.staging").unwrap();
    generate(root.path(), SMALL);
    let text = fs_err::read_to_string(root.path().join(".gitignore")).unwrap();
    assert!(text.starts_with("/target\n.env.staging\n/.env.production\n"), "{text}");
    assert!(planned(root.path(), SMALL).1.is_empty());
}
