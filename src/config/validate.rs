//! The rules that a type cannot say: all broken ones are named at once.

use std::collections::BTreeMap;

use super::file::ConfigFile;
use super::settings::parse_port;
use crate::failure::Failure;

/// Checks the config against itself.
pub fn check(config: &ConfigFile) -> Result<(), Failure> {
    let mut problems = Vec::new();
    if config.version != 1 {
        problems.push(format!("version: this stagectl reads version 1, not {}", config.version));
    }
    if !is_project_name(&config.project) {
        problems.push(format!(
            "project: `{}` must be lower-case letters, digits, `-` and `_`, and start with a letter or digit",
            config.project
        ));
    }
    check_names(config, &mut problems);
    check_services(config, &mut problems);
    check_ports(config, &mut problems);
    check_references(config, &mut problems);
    match problems.len() {
        0 => Ok(()),
        1 => Err(Failure::config(format!("stagectl.yml: {}", problems[0]))),
        n => Err(Failure::config(format!("stagectl.yml has {n} problems:\n  {}", problems.join("\n  ")))),
    }
}

/// The rule of docker compose for project names.
pub fn is_project_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

/// Names stand in addresses, queries and file names: docker compose's own rule.
fn check_names(config: &ConfigFile, problems: &mut Vec<String>) {
    let names = config.services.keys().map(|name| ("services", name));
    let names = names.chain(config.networks.keys().map(|name| ("networks", name)));
    for (place, name) in names.chain(config.volumes.keys().map(|name| ("volumes", name))) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(allowed) {
            problems.push(format!(
                "{place}: `{name}` must be letters, digits, `.`, `-` and `_`, and start with a letter or digit"
            ));
        }
    }
}

fn check_services(config: &ConfigFile, problems: &mut Vec<String>) {
    for (name, service) in &config.services {
        if service.image.is_none() && service.build.is_none() {
            problems.push(format!("services.{name}: needs `image` or `build`"));
        }
        for network in &service.networks {
            if !config.networks.contains_key(network) {
                problems.push(format!("services.{name}.networks: there is no network `{network}`"));
            }
        }
        for dependency in service.depends_on.keys() {
            if !config.services.contains_key(dependency) {
                problems.push(format!("services.{name}.depends_on: there is no service `{dependency}`"));
            }
        }
        for volume in &service.volumes {
            let source = volume.split(':').next().unwrap_or_default();
            let is_path = source.starts_with(['.', '/', '~']);
            if volume.split(':').count() < 2 {
                problems.push(format!("services.{name}.volumes: `{volume}` must be SOURCE:TARGET"));
            } else if !is_path && !config.volumes.contains_key(source) {
                problems.push(format!(
                    "services.{name}.volumes: there is no volume `{source}` (a path starts with `./`)"
                ));
            }
        }
        if service.replicas > 1 && (service.container_name.is_some() || !service.ports.is_empty()) {
            problems.push(format!(
                "services.{name}: {} replicas cannot share a container_name or a host port",
                service.replicas
            ));
        }
    }
    if let Some(cycle) = dependency_cycle(config) {
        problems.push(format!("depends_on: {} depend on each other", cycle.join(", ")));
    }
}

/// Services that no order can start.
fn dependency_cycle(config: &ConfigFile) -> Option<Vec<String>> {
    let mut open: BTreeMap<&str, Vec<&str>> = config
        .services
        .iter()
        .map(|(name, service)| (name.as_str(), service.depends_on.keys().map(String::as_str).collect()))
        .collect();
    loop {
        let names: Vec<&str> = open.keys().copied().collect();
        let before = open.len();
        open.retain(|_, needs| needs.iter().any(|n| names.contains(n)));
        if open.is_empty() {
            return None;
        }
        if open.len() == before {
            return Some(open.keys().map(|name| (*name).to_owned()).collect());
        }
    }
}

fn check_ports(config: &ConfigFile, problems: &mut Vec<String>) {
    let mut taken: BTreeMap<u16, &str> = BTreeMap::new();
    for (name, service) in &config.services {
        for text in &service.ports {
            let Some(port) = parse_port(text) else {
                problems.push(format!("services.{name}.ports: `{text}` must be [ADDRESS:]HOST:CONTAINER"));
                continue;
            };
            if let Some(other) = taken.insert(port.host, name) {
                problems.push(format!("services.{name}.ports: host port {} is {other}'s already", port.host));
            }
        }
    }
}

fn check_references(config: &ConfigFile, problems: &mut Vec<String>) {
    let mut service = |place: &str, name: &str| {
        if !config.services.contains_key(name) {
            problems.push(format!("{place}: there is no service `{name}`"));
        }
    };
    if let Some(proxy) = &config.proxy {
        service("proxy.service", &proxy.service);
        for (key, upstream) in &proxy.upstreams {
            service(&format!("proxy.upstreams.{key}.service"), &upstream.service);
        }
    }
    if let Some(database) = &config.database {
        service("database.service", &database.service);
    }
    if let Some(cache) = &config.cache {
        service("cache.service", &cache.service);
    }
    if let Some(proxy) = &config.proxy {
        for route in proxy.all_routes() {
            if let Some(upstream) = &route.upstream
                && !proxy.upstreams.contains_key(upstream)
            {
                problems.push(format!("proxy.routes `{}`: there is no upstream `{upstream}`", route.path));
            }
        }
    }
}
