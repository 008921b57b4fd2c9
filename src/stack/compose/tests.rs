//! The canonical form and its hashes, without an engine and without docker compose.

use std::collections::BTreeMap;
use std::path::Path;

use super::hash::Profile;
use super::*;

const SAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/compose-hash.yml"));

fn sample(text: &str) -> anyhow::Result<Project> {
    parse(text, Path::new("/srv/sample/docker-compose.staging.yml"), &mut |_, _| {
        Ok(BTreeMap::from([("A".to_owned(), "file".to_owned()), ("B".to_owned(), "file".to_owned())]))
    })
}

/// Printed by `docker-compose config --hash '*'`, version 2.40.3.
#[test]
fn the_hashes_are_those_of_docker_compose() {
    let project = sample(SAMPLE).unwrap();
    for (name, expected) in [
        ("job", "c8d71dd8545ea65639fbf8f4b2ab58e66751d5278586127e7f4ae4b869d3e207"),
        ("store", "39e328c5dfeedb231607775de819726af50487bcc89611d949138db23d244883"),
    ] {
        assert_eq!(hash::service(&project.services[name], Profile::Written), expected, "{name}");
    }
}

#[test]
fn the_profiles_differ_for_bind_mounts_only() {
    let project = sample(SAMPLE).unwrap();
    let differs = |name: &str| {
        let service = &project.services[name];
        hash::service(service, Profile::Written) != hash::service(service, Profile::Omitted)
    };
    assert!(differs("store"));
    assert!(!differs("job"));
}

#[test]
fn what_does_not_make_another_container_does_not_change_the_hash() {
    let project = sample(SAMPLE).unwrap();
    let hash = hash::service(&project.services["store"], Profile::Written);
    let mut same = project.services["store"].clone();
    same.depends_on.clear();
    same.profiles.push("x".to_owned());
    same.replicas = 3;
    assert_eq!(hash::service(&same, Profile::Written), hash);
    let mut other = project.services["store"].clone();
    other.environment.insert("ODD".to_owned(), Some("even".to_owned()));
    assert_ne!(hash::service(&other, Profile::Written), hash);
}

#[test]
fn the_environment_stands_over_the_env_file() {
    let project =
        sample("name: x\nservices: {a: {image: b, env_file: a.env, environment: [B=own, C=c]}}\n").unwrap();
    let environment = &project.services["a"].environment;
    let values: Vec<(&str, Option<&str>)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    assert_eq!(values, [("A", Some("file")), ("B", Some("own")), ("C", Some("c"))]);
}

#[test]
fn what_cannot_be_honoured_is_refused_by_its_path() {
    for (text, expected) in [
        ("services: {a: {image: b}}", "no `name`"),
        ("name: x\nsecrets: {}\nservices: {a: {image: b}}", "`secrets` is not supported"),
        ("name: x\nservices: {a: {}}", "services.a: neither `image` nor `build`"),
        ("name: x\nservices: {a: {image: b, devices: [/dev/x]}}", "services.a: `devices` is not supported"),
        ("name: x\nservices: {a: {image: b, networks: [n]}}", "services.a: there is no network `n`"),
        ("name: x\nservices: {a: {image: b, volumes: ['v:/x']}}", "services.a: there is no volume `v`"),
        (
            "name: x\nservices: {a: {image: b, environment: {A: }}}",
            "services.a: environment.A: give it a value",
        ),
        ("name: x\nservices: {a: {image: b, mem_limit: lots}}", "services.a.mem_limit: `lots` is not a size"),
        (
            "name: x\nservices: {a: {image: 'b:${TAG}'}}",
            "services.a.image: stagectl does not resolve variables",
        ),
        ("name: x\nservices: {a: {image: b, container_name: c, scale: 2}}", "services.a: a container_name"),
        ("name: x\nservices: {a: {image: b, deploy: {mode: global}}}", "services.a.deploy"),
    ] {
        let error = format!("{:#}", sample(text).unwrap_err());
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn anchors_merges_and_extension_keys_are_read() {
    let text = "name: x\nx-base: &base {image: b, restart: always}\nservices: {a: {<<: *base, x-note: 1}}\n";
    let project = sample(text).unwrap();
    assert_eq!(project.services["a"].restart.as_deref(), Some("always"));
}

#[test]
fn a_selection_brings_along_what_it_needs_and_refuses_circles() {
    let text =
        "name: x\nservices: {a: {image: i, depends_on: [b]}, b: {image: i, profiles: [p]}, c: {image: i}}\n";
    let project = sample(text).unwrap();
    let chosen = |services: &[&str]| {
        let services = services.iter().map(|&name| name.to_owned()).collect();
        select(&project, &Selection { services, ..Selection::default() })
    };
    assert_eq!(chosen(&["a"]).unwrap().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(chosen(&["c"]).unwrap().into_iter().collect::<Vec<_>>(), ["c"]);
    assert!(chosen(&["d"]).unwrap_err().message.contains("no service `d`"));
    let circle =
        sample("name: x\nservices: {a: {image: i, depends_on: [b]}, b: {image: i, depends_on: [a]}}\n")
            .unwrap();
    let failure = select(&circle, &Selection::default()).unwrap_err();
    assert!(failure.message.contains("a, b wait for each other"), "{}", failure.message);
}
