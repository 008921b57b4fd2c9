//! `init` and `config`.

use super::super::support::Workspace;
use super::{BLUEPRINTS, blueprint};

#[test]
fn init_refuses_to_overwrite_and_keeps_the_old_file_when_forced() {
    let workspace = Workspace::with_config("mine: true\n");
    let outcome = workspace.stagectl(&["init"]).expect_code(5);
    assert!(outcome.stderr.contains("exists already"), "{}", outcome.stderr);
    assert_eq!(workspace.read("stagectl.yml"), "mine: true\n");
    workspace.stagectl(&["init", "--force"]).expect_code(0);
    assert!(workspace.read("stagectl.yml").contains("project: 1001-stories-staging"));
    assert_eq!(workspace.read("stagectl.yml.previous"), "mine: true\n");
}

#[test]
fn init_prints_without_writing() {
    let workspace = Workspace::new();
    let outcome = workspace.stagectl(&["init", "--print", "--project", "demo"]).expect_code(0);
    assert!(outcome.stdout.contains("project: 'demo'"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("container_name: 'demo-app-staging'"), "{}", outcome.stdout);
    assert!(!workspace.path("stagectl.yml").exists());
}

#[test]
fn init_refuses_a_project_name_that_docker_compose_would_refuse() {
    let outcome = Workspace::new().stagectl(&["init", "--project", "No Good"]).expect_code(2);
    assert!(outcome.stderr.contains("lower-case"), "{}", outcome.stderr);
}

#[test]
fn config_shows_every_blueprint_and_no_secret() {
    for name in BLUEPRINTS {
        let workspace = blueprint(name, "shown");
        workspace.stagectl(&["generate"]).expect_code(0);
        let env = workspace.read(".env.staging");
        let outcome = workspace.stagectl(&["config"]).expect_code(0);
        assert!(outcome.stdout.contains("project: shown"), "{}", outcome.stdout);
        let json = workspace.stagectl(&["config", "--json"]).expect_code(0);
        assert_eq!(json.json()["project"], "shown");
        let secrets = env.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| {
            name.ends_with("PASSWORD") || name.ends_with("SECRET") || name.ends_with("KEY")
        });
        let mut seen = 0;
        for (variable, value) in secrets {
            let value = value.trim_matches('\'');
            assert!(!outcome.stdout.contains(value), "{name} shows {variable}");
            assert!(!json.stdout.contains(value), "{name} shows {variable} as JSON");
            seen += 1;
        }
        assert!(seen >= 3, "{name}: {seen} secrets were looked for");
    }
}
