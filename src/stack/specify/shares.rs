//! `service:x` in place of a namespace of its own, and `volumes_from`: docker compose puts the id of
//! x's container there before it hashes and creates.

use std::collections::{BTreeMap, BTreeSet};

use crate::compose::hash;
use crate::compose::tree::Node;
use crate::compose::typed::Service;
use crate::engine::ContainerSpec;

use super::super::labels::{self, Dialect};

/// Ids of containers by service.
pub type Ids = BTreeMap<String, String>;

const NAMESPACES: [&str; 3] = ["network_mode", "ipc", "pid"];

/// The services whose containers this one shares something with.
pub fn parents(service: &Service) -> BTreeSet<String> {
    let modes = [&service.network_mode, &service.ipc, &service.pid];
    let modes = modes.into_iter().flatten().filter_map(|mode| mode.strip_prefix("service:"));
    let volumes = service.volumes_from.iter().filter_map(|from| volumes_of(from));
    modes.chain(volumes).map(str::to_owned).collect()
}

/// The service of an entry of `volumes_from`; `None` for `container:…`.
fn volumes_of(from: &str) -> Option<&str> {
    (!from.starts_with("container:")).then(|| from.split(':').next().unwrap_or_default())
}

/// As docker compose writes it: the id alone, also where the entry says `:ro`.
fn volumes_from(from: &str, ids: &Ids) -> String {
    match volumes_of(from) {
        Some(service) => ids.get(service).cloned().unwrap_or_else(|| from.to_owned()),
        None => from.split(':').nth(1).unwrap_or_default().to_owned(),
    }
}

fn mode(text: &str, ids: &Ids) -> String {
    let id = text.strip_prefix("service:").and_then(|service| ids.get(service));
    id.map_or_else(|| text.to_owned(), |id| format!("container:{id}"))
}

/// The canonical form with ids in place of services.
pub fn canonical(node: &Node, ids: &Ids) -> Node {
    let mut node = node.clone();
    for key in NAMESPACES {
        if let Some(value) = node.get_mut(key) {
            *value = value.with(mode(&value.to_string(), ids));
        }
    }
    for from in node.get_mut("volumes_from").and_then(Node::list_mut).into_iter().flatten() {
        *from = from.with(volumes_from(&from.to_string(), ids));
    }
    node
}

/// Puts the ids into a container that is to be made.
pub fn resolve(spec: &mut ContainerSpec, node: &Node, ids: &Ids, dialect: &Dialect) {
    for text in [&mut spec.network_mode, &mut spec.ipc_mode, &mut spec.pid_mode].into_iter().flatten() {
        *text = mode(text, ids);
    }
    for from in &mut spec.volumes_from {
        let read_only = from.ends_with(":ro");
        *from = volumes_from(from, ids) + if read_only { ":ro" } else { "" };
    }
    let hash = hash::service(&canonical(node, ids), dialect.profile);
    spec.labels.insert(labels::CONFIG_HASH.to_owned(), hash);
}
