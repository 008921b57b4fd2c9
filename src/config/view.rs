//! What a compose model says about its services, in the words of `services`: what checks and reports ask for.
//! Nothing is started from it.

use std::collections::BTreeMap;

use super::file::{ConfigFile, Scalar};
use super::services::{Condition, Limits, Network, Role, Service, Volume};
use crate::compose::Model;
use crate::compose::tree::{Node, Value};
use crate::twin::database::image_name;
use crate::twin::reference;

pub(super) fn fill(config: &mut ConfigFile, model: &Model) {
    config.services = model.services().map(|(name, node)| (name.clone(), service(node))).collect();
    for (name, service) in model.services() {
        let needed = service.get("depends_on").and_then(Node::map).into_iter().flatten();
        for (dependency, node) in needed {
            let done = node.get("condition").and_then(Node::text) == Some("service_completed_successfully");
            if let (true, Some(job)) = (done && dependency != name, config.services.get_mut(dependency)) {
                job.role = Role::Job;
            }
        }
    }
    config.networks = model
        .section("networks")
        .map(|(key, node)| {
            let option = |name: &str| {
                node.get("driver_opts").and_then(|options| options.get(name)).map(Node::to_string)
            };
            let no_egress = option("com.docker.network.bridge.enable_ip_masquerade")
                .is_some_and(|value| value == "false");
            (key.clone(), Network { internal: flag(node, "internal"), no_egress })
        })
        .collect();
    config.volumes = model
        .section("volumes")
        .map(|(key, node)| (key.clone(), Volume { name: node.get("name").map(Node::to_string) }))
        .collect();
}

fn flag(node: &Node, key: &str) -> bool {
    node.get(key).is_some_and(|node| node.value == Value::Bool(true))
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).map(Node::to_string).filter(|text| !text.is_empty())
}

fn words(node: &Node, key: &str) -> Vec<String> {
    let list = node.get(key).and_then(Node::list).unwrap_or_default();
    list.iter().map(|word| reference::written(&word.to_string())).collect()
}

fn service(node: &Node) -> Service {
    let image = text(node, "image");
    let list = |key: &str| Some(words(node, key)).filter(|words| !words.is_empty());
    let limits =
        node.get("deploy").and_then(|deploy| deploy.get("resources")).and_then(|all| all.get("limits"));
    let limit =
        |key: &str, own: &str| limits.and_then(|limits| text(limits, key)).or_else(|| text(node, own));
    let environment = node.get("environment").and_then(Node::map).into_iter().flatten();
    Service {
        role: role(image.as_deref(), node),
        enabled: true,
        build: None,
        container_name: text(node, "container_name"),
        profiles: words(node, "profiles"),
        user: text(node, "user"),
        entrypoint: list("entrypoint"),
        command: list("command"),
        environment: environment
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), Scalar(reference::written(&value.to_string()))))
            .collect(),
        ports: ports(node),
        networks: node
            .get("networks")
            .and_then(Node::map)
            .into_iter()
            .flat_map(|map| map.keys().cloned())
            .collect(),
        volumes: volumes(node),
        tmpfs: words(node, "tmpfs"),
        read_only: flag(node, "read_only"),
        cap_add: words(node, "cap_add"),
        health: None,
        depends_on: dependencies(node),
        restart: text(node, "restart").unwrap_or_else(|| "no".to_owned()),
        limits: Limits {
            cpus: limit("cpus", "cpus").and_then(|cpus| cpus.parse().ok()).unwrap_or_default(),
            memory: limit("memory", "mem_limit").unwrap_or_else(|| "0".to_owned()),
            pids: limit("pids", "pids_limit").and_then(|pids| pids.parse().ok()).unwrap_or_default(),
        },
        replicas: node
            .get("deploy")
            .and_then(|deploy| text(deploy, "replicas"))
            .or_else(|| text(node, "scale"))
            .and_then(|replicas| replicas.parse().ok())
            .unwrap_or(1),
        stop_grace_period: text(node, "stop_grace_period"),
        labels: BTreeMap::new(),
        metrics: None,
        address: None,
        // What is built has no image of its own yet; what is shown is its name.
        image: image.or_else(|| node.get("build").map(|_| "(built)".to_owned())),
    }
}

/// What a service is, by the program in its image.
fn role(image: Option<&str>, node: &Node) -> Role {
    let name = image.map(image_name).unwrap_or_default();
    let is = |names: &[&str]| names.contains(&name);
    if is(&[
        "postgres",
        "postgis",
        "timescaledb",
        "pgvector",
        "postgresql",
        "mysql",
        "mariadb",
        "mongo",
        "mongodb",
    ]) {
        Role::Database
    } else if is(&["redis", "valkey", "keydb", "memcached", "dragonfly"]) {
        Role::Cache
    } else if is(&["nginx", "caddy", "traefik", "haproxy", "httpd", "openresty", "envoy"]) {
        Role::Proxy
    } else if name.ends_with("exporter") || is(&["cadvisor"]) {
        Role::Exporter
    } else if is(&["prometheus", "grafana", "alertmanager", "loki", "promtail", "tempo", "victoria-metrics"])
    {
        Role::Monitoring
    } else if is(&["pgadmin4", "adminer", "phpmyadmin", "redis-commander", "mongo-express"]) {
        Role::Admin
    } else if node.get("build").is_some() || node.get("ports").is_some() {
        Role::App
    } else {
        Role::Other
    }
}

/// The fixed TCP ports.
fn ports(node: &Node) -> Vec<String> {
    let ports = node.get("ports").and_then(Node::list).unwrap_or_default();
    let fixed = ports.iter().filter_map(|port| {
        let published: u16 = text(port, "published")?.parse().ok()?;
        let target = text(port, "target")?;
        let address = text(port, "host_ip").unwrap_or_else(|| "0.0.0.0".to_owned());
        (text(port, "protocol").is_none_or(|protocol| protocol == "tcp"))
            .then(|| format!("{address}:{published}:{target}"))
    });
    fixed.collect()
}

fn volumes(node: &Node) -> Vec<String> {
    let mounts = node.get("volumes").and_then(Node::list).unwrap_or_default();
    let named = mounts.iter().filter_map(|mount| {
        let (source, target) = (text(mount, "source")?, text(mount, "target")?);
        let mode = if flag(mount, "read_only") { ":ro" } else { "" };
        matches!(mount.get("type").and_then(Node::text), Some("bind" | "volume"))
            .then(|| format!("{source}:{target}{mode}"))
    });
    named.collect()
}

fn dependencies(node: &Node) -> BTreeMap<String, Condition> {
    let needed = node.get("depends_on").and_then(Node::map).into_iter().flatten();
    needed
        .map(|(name, node)| {
            let condition = match node.get("condition").and_then(Node::text) {
                Some("service_healthy") => Condition::Healthy,
                Some("service_completed_successfully") => Condition::Completed,
                _ => Condition::Started,
            };
            (name.clone(), condition)
        })
        .collect()
}
