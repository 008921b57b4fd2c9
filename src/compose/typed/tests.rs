//! The types and their hashes, without an engine and without docker compose.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::compose::hash::Profile;
use crate::compose::load::Request;
use crate::failure::Failure;

const SAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/compose-hash.yml"));
const FILE: &str = "/srv/sample/docker-compose.staging.yml";

/// The project of a text that stands in `/srv/sample`, with the profiles given.
pub fn project(text: &str, profiles: &[&str]) -> Result<Project, Failure> {
    let request = Request {
        files: vec![PathBuf::from(FILE)],
        directory: PathBuf::from("/srv/sample"),
        profiles: profiles.iter().map(|&profile| profile.to_owned()).collect(),
        ..Request::default()
    };
    Project::load(&request, &mut |file| {
        Ok(match file {
            file if file == Path::new(FILE) => Some(text.to_owned()),
            file if file.ends_with("a.env") => Some("A=file\nB=file\n".to_owned()),
            _ => None,
        })
    })
}

/// Printed by `docker-compose config --hash '*'`, version 2.40.3.
#[test]
fn the_hashes_are_those_of_docker_compose() {
    let project = project(SAMPLE, &[]).unwrap();
    for (name, expected) in [
        ("job", "c8d71dd8545ea65639fbf8f4b2ab58e66751d5278586127e7f4ae4b869d3e207"),
        ("store", "39e328c5dfeedb231607775de819726af50487bcc89611d949138db23d244883"),
    ] {
        assert_eq!(project.services[name].hash(Profile::Written), expected, "{name}");
    }
}

#[test]
fn the_profiles_differ_for_bind_mounts_only() {
    let project = project(SAMPLE, &[]).unwrap();
    let differs = |name: &str| {
        let service = &project.services[name];
        service.hash(Profile::Written) != service.hash(Profile::Omitted)
    };
    assert!(differs("store"));
    assert!(!differs("job"));
}

#[test]
fn what_does_not_make_another_container_does_not_change_the_hash() {
    let hash = |text: &str| project(text, &["x"]).unwrap().services["a"].hash(Profile::Written);
    let plain = hash("name: x\nservices: {a: {image: i}, b: {image: i}}");
    assert_eq!(
        hash("name: x\nservices: {a: {image: i, depends_on: [b], profiles: [x], scale: 3}, b: {image: i}}"),
        plain
    );
    assert_ne!(hash("name: x\nservices: {a: {image: i, environment: {ODD: even}}, b: {image: i}}"), plain);
}

#[test]
fn the_environment_stands_over_the_env_file() {
    let text = "name: x\nservices: {a: {image: b, env_file: a.env, environment: [B=own, C=c]}}\n";
    let project = project(text, &[]).unwrap();
    let environment = &project.services["a"].environment;
    let values: Vec<(&str, Option<&str>)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    assert_eq!(values, [("A", Some("file")), ("B", Some("own")), ("C", Some("c"))]);
}

#[test]
fn every_part_of_a_service_is_read_into_its_type() {
    let text = "
name: x
services:
  a:
    image: i
    cpus: 0.5
    mem_limit: 1g
    stop_grace_period: 1m30s
    user: '1000'
    ports: ['127.0.0.1:8000-8001:80-81/udp']
    ulimits: {nofile: 3, core: {soft: 1, hard: 2}}
    volumes: ['./x:/x:ro,z,rshared', 'vol:/v1:nocopy', {type: tmpfs, target: /t, tmpfs: {size: 3m, mode: 0755}}]
    secrets: [s, {source: s, target: /etc/x, uid: '1', mode: 0440}]
    networks: {n: {priority: 3, ipv4_address: 10.1.1.2}, default: }
    deploy: {replicas: 2, restart_policy: {condition: on-failure, max_attempts: 3}}
    healthcheck: {test: curl x, interval: 90s}
    blkio_config: {device_read_bps: [{path: /dev/sda, rate: 12mb}]}
networks: {n: {ipam: {config: [{subnet: 10.1.1.0/24}]}}}
volumes: {vol: }
secrets: {s: {environment: HOME}}
";
    let project = project(text, &[]).unwrap();
    let service = &project.services["a"];
    assert_eq!((service.cpus.nanos(), service.mem_limit.0), (500_000_000, 1 << 30));
    assert_eq!(service.stop_grace_period.unwrap().0.as_secs(), 90);
    assert_eq!(service.user.as_ref().unwrap().0, "1000");
    assert_eq!(service.ports[1].published.as_deref(), Some("8001"));
    assert_eq!((service.ulimits["nofile"].both(), service.ulimits["core"].both()), ((3, 3), (1, 2)));
    assert_eq!(service.volumes[0].bind.propagation.as_deref(), Some("rshared"));
    assert!(service.volumes[0].bind.create_host_path && service.volumes[0].read_only);
    assert!(service.volumes[1].volume.nocopy);
    assert_eq!((service.volumes[2].tmpfs.size.0, service.volumes[2].tmpfs.mode), (3 << 20, 0o755));
    assert_eq!(service.secrets[0].target.as_deref(), Some("/run/secrets/s"));
    assert_eq!(service.secrets[1].mode.as_ref().unwrap().0, "0440");
    assert_eq!(service.networks_by_priority()[0].0, "n");
    assert_eq!(service.replicas(), 2);
    assert_eq!(service.deploy.as_ref().unwrap().restart_policy.as_ref().unwrap().max_attempts, Some(3));
    assert_eq!(service.healthcheck.as_ref().unwrap().test, ["CMD-SHELL", "curl x"]);
    assert_eq!(service.blkio_config.device_read_bps[0].rate.0, 12 << 20);
    assert_eq!(project.networks["n"].ipam.config[0].subnet.as_deref(), Some("10.1.1.0/24"));
    assert_eq!(project.secrets["s"].environment.as_deref(), Some("HOME"));
}

#[test]
fn a_selection_brings_along_what_it_needs_and_refuses_what_it_does_not_know() {
    let text =
        "name: x\nservices: {a: {image: i, depends_on: [b]}, b: {image: i}, c: {image: i, profiles: [p]}}\n";
    let project = project(text, &[]).unwrap();
    let chosen = |services: &[&str], profiles: &[&str]| {
        let owned = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect();
        let selection = Selection { services: owned(services), profiles: owned(profiles), all: false };
        select(&project, &selection)
    };
    assert_eq!(chosen(&["a"], &[]).unwrap().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(chosen(&[], &[]).unwrap().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert!(chosen(&["d"], &[]).unwrap_err().message.contains("no service `d`"));
    assert!(chosen(&[], &["q"]).unwrap_err().message.contains("no profile `q`"));
    assert_eq!(project.inactive, BTreeMap::from([("c".to_owned(), vec!["p".to_owned()])]));
}
