//! The command line itself: help, usage errors, config errors, made documents.

use clap::Parser as _;
use stagectl::cli::Cli;

use super::support::Workspace;

const SUBCOMMANDS: [&str; 23] = [
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
    "redis-cli",
    "stats",
    "events",
    "pull",
    "build",
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

/// The lines that call stagectl, in words as a shell splits them, without comments and redirections.
fn calls(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .map(str::trim)
        .filter(|line| line.starts_with("stagectl "))
        .map(|line| {
            let end = ["  ", " > ", " && ", " #"].iter().filter_map(|mark| line.find(mark)).min();
            shlex::split(&line[..end.unwrap_or(line.len())])
                .unwrap_or_else(|| panic!("an open quote: {line}"))
        })
        .collect()
}

#[test]
fn every_example_of_the_help_and_the_readme_is_a_valid_command_line() {
    let workspace = Workspace::new();
    let readme = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).to_owned();
    let helps = [
        "init",
        "generate",
        "setup",
        "up",
        "down",
        "restart",
        "logs",
        "exec",
        "psql",
        "certs",
        "status",
        "redis-cli",
        "stats",
        "events",
        "pull",
        "build",
    ];
    let helps = helps.iter().chain(&["copy-data", "rollback", "test-migration", "validate"]).map(|command| {
        let help = workspace.stagectl(&[command, "--help"]).expect_code(0).stdout;
        assert!(calls(&help).iter().any(|call| call[1] == *command), "{command} has no example: {help}");
        help
    });
    for text in helps.chain([readme]) {
        for call in calls(&text) {
            Cli::try_parse_from(&call).unwrap_or_else(|error| panic!("{}: {error}", call.join(" ")));
        }
    }
}

#[test]
fn every_command_stands_in_the_readme() {
    let readme = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let (_, commands) = readme.split_once("## Commands").expect("the section");
    for command in SUBCOMMANDS.iter().chain(&["rollback", "man"]) {
        assert!(commands.contains(&format!("`{command}")), "{command}");
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

/// A small config that renders.
const SMALL: &str = "version: 1\nproject: small\nservices:\n  app:\n    image: a:1\n    user: '1000:1000'\n";

#[test]
fn a_broken_template_is_named_with_its_line_and_nothing_is_written() {
    let workspace = Workspace::with_config(&format!("{SMALL}templates: mine\n"));
    workspace.write("mine/compose/docker-compose.staging.yml.tera", "name: x\nservices: {{ unclosed\n");
    let outcome = workspace.stagectl(&["generate"]).expect_code(3);
    assert!(outcome.stderr.contains("compose/docker-compose.staging.yml.tera:2"), "{}", outcome.stderr);
    assert!(!workspace.path("docker-compose.staging.yml").exists());
    assert!(!workspace.path(".env.staging").exists());
}

#[test]
fn a_template_that_puts_out_no_yaml_is_refused_before_anything_is_written() {
    let workspace = Workspace::with_config(&format!("{SMALL}templates: mine\n"));
    workspace.write("mine/compose/docker-compose.staging.yml.tera", "name: x\n  services: [\n");
    let outcome = workspace.stagectl(&["generate"]).expect_code(3);
    assert!(outcome.stderr.contains("docker-compose.staging.yml"), "{}", outcome.stderr);
    assert!(!workspace.path("docker-compose.staging.yml").exists());
}

#[test]
fn a_template_that_replaces_nothing_is_named() {
    let workspace = Workspace::with_config(&format!("{SMALL}templates: mine\n"));
    workspace.write("mine/nginx/stagin.conf.tera", "");
    let outcome = workspace.stagectl(&["generate"]).expect_code(3);
    assert!(outcome.stderr.contains("nginx/stagin.conf.tera"), "{}", outcome.stderr);
}

#[test]
fn a_folder_that_nobody_may_write_to_is_the_machines_fault_and_says_so() {
    let workspace = Workspace::with_config(SMALL);
    // Also root cannot make a file below a path that is a file.
    workspace.write("staging-data", "in the way");
    let outcome = workspace.stagectl(&["generate"]);
    assert_ne!(outcome.code, 0);
    assert!(outcome.stderr.contains("staging-data"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}
