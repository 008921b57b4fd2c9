//! The command line itself: help, usage errors, config errors, made documents.

use super::support::Workspace;

const SUBCOMMANDS: [&str; 18] = [
    "init",
    "generate",
    "setup",
    "up",
    "down",
    "restart",
    "status",
    "logs",
    "exec",
    "psql",
    "reset",
    "certs",
    "copy-data",
    "test-migration",
    "validate",
    "report",
    "config",
    "completions",
];

#[test]
fn every_command_explains_itself() {
    let workspace = Workspace::new();
    for command in SUBCOMMANDS {
        let outcome = workspace.stagectl(&[command, "--help"]).expect_code(0);
        assert!(outcome.stdout.contains("Usage: stagectl"), "{command}: {}", outcome.stdout);
    }
}

#[test]
fn the_help_lists_the_exit_codes() {
    let outcome = Workspace::new().stagectl(&["--help"]).expect_code(0);
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "70 ", "130 "] {
        assert!(outcome.stdout.lines().any(|line| line.trim_start().starts_with(code)), "{code}");
    }
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    Workspace::new().stagectl(&["setpu"]).expect_code(2);
}

#[test]
fn a_missing_config_says_how_to_make_one() {
    let outcome = Workspace::new().stagectl(&["generate"]).expect_code(3);
    assert!(outcome.stderr.contains("hint: run `stagectl init`"), "{}", outcome.stderr);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    let text = "version: 1\nproject: x\nservices:\n  app:\n    imgae: a:1\n";
    let outcome = Workspace::with_config(text).stagectl(&["generate"]).expect_code(3);
    assert!(outcome.stderr.contains("stagectl.yml:5:"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("did you mean `image`?"), "{}", outcome.stderr);
}

#[test]
fn a_wrong_type_is_named_with_its_path() {
    let text = "version: 1\nproject: x\nservices:\n  app:\n    image: a:1\n    replicas: many\n";
    let outcome = Workspace::with_config(text).stagectl(&["generate"]).expect_code(3);
    assert!(outcome.stderr.contains("services.app.replicas"), "{}", outcome.stderr);
}

#[test]
fn all_problems_of_a_config_are_named_at_once() {
    let text = "version: 1\nproject: X\nservices:\n  app:\n    image: a:1\n    depends_on: {db: healthy}\n    networks: [nowhere]\n";
    let outcome = Workspace::with_config(text).stagectl(&["generate"]).expect_code(3);
    for problem in ["project: `X`", "depends_on: there is no service `db`", "there is no network `nowhere`"] {
        assert!(outcome.stderr.contains(problem), "{problem}: {}", outcome.stderr);
    }
}

#[test]
fn with_json_a_failure_is_an_event_with_its_class_and_code() {
    let outcome = Workspace::new().stagectl(&["generate", "--json"]).expect_code(3);
    let event: serde_json::Value = serde_json::from_str(outcome.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(event["event"], "failed");
    assert_eq!(event["class"], "config");
    assert_eq!(event["exit_code"], 3);
    assert!(outcome.stdout.is_empty());
}

#[test]
fn completions_and_manual_pages_are_made_for_every_command() {
    let workspace = Workspace::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(workspace.stagectl(&["completions", shell]).expect_code(0).stdout.contains("test-migration"));
    }
    workspace.stagectl(&["man", "--out", "man"]).expect_code(0);
    for command in SUBCOMMANDS {
        let page = workspace.read(format!("man/stagectl-{command}.1"));
        assert!(page.contains(".SH NAME"), "{command}");
    }
    assert!(workspace.read("man/stagectl.1").contains("copy"));
}
