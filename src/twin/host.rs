//! What lets a container reach beyond its own namespaces.

use std::path::Path;

use super::path;
use crate::compose::tree::{Node, Value};

/// The keys of a service by which it reaches the host or containers outside its project, with what they give it.
pub fn uses(service: &Node) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for key in ["network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup"] {
        let Some(mode) = service.get(key).and_then(Node::text) else { continue };
        if mode == "host" {
            found.push((key, format!("the host's own ({key}: host)")));
        } else if mode.starts_with("container:") {
            found.push((key, "that of a container outside the project".to_owned()));
        } else if key == "network_mode" && matches!(mode, "bridge" | "default") {
            found.push((key, "the network that all projects of the engine share".to_owned()));
        }
    }
    if service.get("privileged").is_some_and(|node| node.value == Value::Bool(true)) {
        found.push(("privileged", "everything that root may do on the host".to_owned()));
    }
    for (key, what) in [
        ("devices", "devices of the host"),
        ("device_cgroup_rules", "devices of the host"),
        ("external_links", "containers outside the project"),
        ("cgroup_parent", "a control group outside the project"),
        ("provider", "what a program outside the engine provides"),
        ("use_api_socket", "the engine, and all that it runs"),
    ] {
        let switched_off =
            |node: &Node| node.value == Value::Bool(false) || node.list().is_some_and(<[_]>::is_empty);
        if service.get(key).is_some_and(|node| !node.is_null() && !switched_off(node)) {
            found.push((key, what.to_owned()));
        }
    }
    let from = service.get("volumes_from").and_then(Node::list).unwrap_or_default();
    if from.iter().any(|from| from.to_string().starts_with("container:")) {
        found.push(("volumes_from", "volumes of a container outside the project".to_owned()));
    }
    found
}

/// A bind mount of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    pub source: String,
    pub target: String,
    pub writable: bool,
}

/// The bind mounts of a service.
pub fn binds(service: &Node) -> impl Iterator<Item = Bind> {
    service.get("volumes").and_then(Node::list).unwrap_or_default().iter().filter_map(|mount| {
        if mount.get("type").and_then(Node::text) != Some("bind") {
            return None;
        }
        Some(Bind {
            source: mount.get("source")?.to_string(),
            target: mount.get("target").map(Node::to_string).unwrap_or_default(),
            writable: mount.get("read_only").is_none_or(|node| node.value != Value::Bool(true)),
        })
    })
}

/// The folder of the host that a volume of the local driver stands for, such as `o: bind` or an NFS export.
pub fn device(volume: &Node) -> Option<String> {
    volume.get("driver_opts")?.get("device").map(Node::to_string).filter(|device| !device.is_empty())
}

/// True for a mount that gives more than files.
pub fn reaches_the_host(bind: &Bind) -> bool {
    path::reaches_the_host(Path::new(&bind.source))
}

pub fn is_external(resource: &Node) -> bool {
    resource.get("external").is_some_and(|node| node.value == Value::Bool(true))
}
