//! `generate`: what it writes, when, and what it says about it.

use std::os::unix::fs::MetadataExt as _;

use super::{BLUEPRINTS, blueprint};

#[test]
fn generating_twice_changes_nothing() {
    for name in BLUEPRINTS {
        let workspace = blueprint(name, "twice");
        workspace.stagectl(&["generate"]).expect_code(0);
        let before = workspace.read(".env.staging");
        let outcome = workspace.stagectl(&["generate"]).expect_code(0);
        assert!(outcome.stdout.contains("nothing to do"), "{name}: {}", outcome.stdout);
        assert_eq!(workspace.read(".env.staging"), before, "{name}: secrets stay");
        workspace.stagectl(&["generate", "--check"]).expect_code(0);
    }
}

#[test]
fn a_dry_run_writes_nothing_and_is_the_plan() {
    let workspace = blueprint("nextjs-postgres", "dry");
    let plan = workspace.stagectl(&["generate", "--dry-run", "--json"]).expect_code(0).json();
    assert_eq!(plan["applied"], false);
    assert!(!workspace.path(".env.staging").exists());
    assert!(!workspace.path("nginx").exists() && !workspace.path("staging-backups").exists());
    let applied = workspace.stagectl(&["generate", "--json"]).expect_code(0).json();
    assert_eq!(applied["files"], plan["files"]);
    assert_eq!(applied["secrets"], plan["secrets"]);
}

#[test]
fn secrets_are_closed_and_stand_in_no_open_file() {
    let workspace = blueprint("nextjs-postgres", "closed");
    workspace.stagectl(&["generate"]).expect_code(0);
    let mode = |name: &str| fs_err::metadata(workspace.path(name)).unwrap().mode() & 0o777;
    assert_eq!(mode(".env.staging"), 0o600);
    for file in workspace.files("staging-data/env", "") {
        assert_eq!(fs_err::metadata(&file).unwrap().mode() & 0o777, 0o600, "{}", file.display());
    }
    assert_eq!(mode("staging-data/postgres-init/10-staging.sh"), 0o755);
    let env = workspace.read(".env.staging");
    let password = env.lines().find_map(|line| line.strip_prefix("STAGING_DB_PASSWORD=")).unwrap();
    let compose = workspace.read("docker-compose.staging.yml");
    assert!(!compose.contains(password.trim_matches('\'')));
    assert!(!compose.contains("${"), "no interpolation is left");
}

#[test]
fn check_names_the_file_that_somebody_edited_and_the_lines() {
    let workspace = blueprint("nextjs-postgres", "drift");
    workspace.stagectl(&["generate"]).expect_code(0);
    let compose = workspace.read("docker-compose.staging.yml");
    workspace.write("docker-compose.staging.yml", &compose.replace("read_only: true", "read_only: false"));
    let outcome = workspace.stagectl(&["generate", "--check"]).expect_code(1);
    assert!(
        outcome.stdout.contains("docker-compose.staging.yml: it differs, and it was edited by hand"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stdout.contains("-     read_only: false"), "{}", outcome.stdout);
    assert!(
        workspace.read("docker-compose.staging.yml").contains("read_only: false"),
        "a check writes nothing"
    );
    workspace.stagectl(&["generate"]).expect_code(0);
    assert_eq!(workspace.read("docker-compose.staging.yml"), compose);
    assert!(workspace.read("docker-compose.staging.yml.edited").contains("read_only: false"));
}

#[test]
fn a_required_variable_that_is_missing_stops_everything_and_is_named() {
    let workspace = super::super::support::Workspace::new();
    workspace.stagectl(&["init", "--blueprint", "fastify-supabase"]).expect_code(0);
    let outcome = workspace.stagectl(&["generate"]).expect_code(3);
    for name in ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_PRODUCT_PRICE_ID"] {
        assert!(outcome.stderr.contains(name), "{name}: {}", outcome.stderr);
    }
    assert!(
        !workspace.path(".env.staging").exists() && !workspace.path("docker-compose.staging.yml").exists()
    );
}

#[test]
fn a_run_that_was_killed_after_its_secrets_is_finished_by_the_next_one() {
    let workspace = blueprint("nextjs-postgres", "killed");
    workspace.stagectl(&["generate"]).expect_code(0);
    let env = workspace.read(".env.staging");
    fs_err::remove_dir_all(workspace.path("staging-data")).unwrap();
    fs_err::remove_file(workspace.path("docker-compose.staging.yml")).unwrap();
    let outcome = workspace.stagectl(&["generate", "--json"]).expect_code(0).json();
    assert_eq!(outcome["secrets"], serde_json::json!([]));
    assert_eq!(workspace.read(".env.staging"), env);
    workspace.stagectl(&["generate", "--check"]).expect_code(0);
}
