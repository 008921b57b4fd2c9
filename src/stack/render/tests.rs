//! What the files must hold, for the blueprints and for hostile values.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde_yaml::Value;

use super::*;
use crate::config::{env, load};

use crate::stack::blueprints::ALL as BLUEPRINTS;

fn settings(text: &str) -> Settings {
    let config = load::parse(text, None).unwrap();
    let outside = ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_PRODUCT_PRICE_ID"];
    let outside = outside.map(|name| (name.to_owned(), format!("secret-{name}"))).into();
    let settings = Settings::resolve("/project".into(), config, &BTreeMap::new(), outside).unwrap();
    let made = settings.to_generate.keys().map(|name| (name.clone(), format!("secret-{name}"))).collect();
    settings.with_secrets(&made).unwrap()
}

fn file(settings: &Settings, path: &str) -> RenderedFile {
    let rendered = render(settings).unwrap();
    rendered
        .files
        .into_iter()
        .find(|file| file.path == Path::new(path))
        .unwrap_or_else(|| panic!("no {path}"))
}

fn compose(settings: &Settings) -> Value {
    serde_yaml::from_str(&file(settings, COMPOSE_FILE).content).unwrap()
}

#[test]
fn the_compose_file_of_the_first_blueprint_is_as_reviewed() {
    insta::assert_snapshot!(file(&settings(BLUEPRINTS[0].1), COMPOSE_FILE).content);
}

#[test]
fn the_nginx_configuration_of_the_first_blueprint_is_as_reviewed() {
    insta::assert_snapshot!(file(&settings(BLUEPRINTS[0].1), "nginx/staging.conf").content);
}

#[test]
fn every_service_of_every_blueprint_is_bounded_and_unprivileged() {
    for (blueprint, text) in BLUEPRINTS {
        let compose = compose(&settings(text));
        for (name, service) in compose["services"].as_mapping().unwrap() {
            let place = format!("{blueprint} {}", name.as_str().unwrap());
            assert_eq!(service["cap_drop"][0], "ALL", "{place}");
            assert_eq!(service["security_opt"][0], "no-new-privileges:true", "{place}");
            for key in ["mem_limit", "cpus", "pids_limit", "restart", "logging", "user"] {
                assert!(!service[key].is_null(), "{place} has no {key}");
            }
            for port in service["ports"].as_sequence().into_iter().flatten() {
                assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{place} publishes {port:?}");
            }
        }
    }
}

#[test]
fn no_secret_stands_in_a_file_that_others_may_read() {
    for (blueprint, text) in BLUEPRINTS {
        for file in render(&settings(text)).unwrap().files {
            if file.mode != Mode::Secret {
                assert!(!file.content.contains("secret-"), "{blueprint}: {}", file.path.display());
            }
        }
    }
}

#[test]
fn a_service_gets_its_own_variables_only() {
    let settings = settings(BLUEPRINTS[0].1);
    let text = file(&settings, "staging-data/env/redis-staging.env").content;
    let names: Vec<String> = env::parse(&text, "").unwrap().into_keys().collect();
    assert_eq!(names, ["REDIS_PASSWORD"]);
    assert!(text.contains("secret-REDIS_PASSWORD"));
}

#[test]
fn every_variable_that_is_missing_is_named_at_once() {
    let text = "version: 1\nproject: x\nservices:\n  a: {image: 'a:1', environment: {A: '${GONE_ONE}'}}\n  b: {image: 'b:1', environment: {B: '${GONE_TWO:?ask the bank}'}}\n";
    let error = format!("{:#}", render(&settings(text)).unwrap_err());
    assert!(error.contains("GONE_ONE") && error.contains("`GONE_TWO`: ask the bank"), "{error}");
}

#[test]
fn a_reference_outside_the_environment_is_refused() {
    let text = "version: 1\nproject: x\nenv: {S: {generate: hex}}\nservices:\n  a: {image: 'a:1', command: [sh, '${S}']}\n";
    let error = render(&settings(text)).unwrap_err();
    assert!(format!("{error:#}").contains("`${S}` may stand in `environment` only"), "{error:#}");
}

#[test]
fn a_changed_mounted_file_changes_the_digest_of_the_services_that_mount_it() {
    let digest = |text: &str, service: &str| {
        compose(&settings(text))["services"][service]["labels"]["stagectl.files-digest"].clone()
    };
    let before = BLUEPRINTS[0].1;
    let after = before.replace("per_minute: 100", "per_minute: 99");
    assert_ne!(digest(before, "nginx-staging"), digest(&after, "nginx-staging"));
    assert_eq!(digest(before, "grafana-staging"), digest(&after, "grafana-staging"));
    assert!(digest(before, "app-staging").is_null(), "it mounts nothing that is generated");
}

proptest! {
    /// Any text in `environment` and `command` reaches the container as it stands in stagectl.yml.
    #[test]
    fn any_text_reaches_its_place(literal in "[^$]*", word in "[^$]*", secret in "[^\u{0}]*") {
        let mut settings = settings("version: 1\nproject: x\nenv: {S: ''}\nservices:\n  a: {image: 'a:1', environment: {L: '', R: '${S}'}, command: ['']}\n");
        settings.variables.insert("S".to_owned(), secret.clone().into());
        let service = settings.config.services.get_mut("a").unwrap();
        service.environment.insert("L".to_owned(), crate::config::file::Scalar(literal.clone()));
        service.command = Some(vec![word.clone()]);
        let compose = compose(&settings);
        prop_assert_eq!(compose["services"]["a"]["environment"]["L"].as_str(), Some(literal.as_str()));
        prop_assert_eq!(compose["services"]["a"]["command"][0].as_str(), Some(word.as_str()));
        let file = file(&settings, "staging-data/env/a.env").content;
        prop_assert_eq!(&env::parse(&file, "").unwrap()["R"], &secret);
    }
}

#[test]
fn a_dollar_is_doubled_for_docker_compose() {
    let text =
        "version: 1\nproject: x\nservices:\n  a: {image: 'a:1', command: [sh, -c, 'echo $$HOME $PATH']}\n";
    assert_eq!(compose(&settings(text))["services"]["a"]["command"][2], "echo $$HOME $$PATH");
}
