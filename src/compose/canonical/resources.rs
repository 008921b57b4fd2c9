//! Networks, volumes, secrets and configs.

use super::super::tree::{Fault, Map, Node, Path, Value};
use super::{Done, each, fields, is_empty, small, without_empty};

/// One of the sections `networks`, `volumes`, `secrets` and `configs`; names stand as they were written.
pub fn section(kind: &str, node: &Node, path: &Path) -> Done {
    fields(node, path, |_, value, path| resource(kind, value, path))
}

fn resource(kind: &str, node: &Node, path: &Path) -> Done {
    let node = if node.is_null() { &node.with(Map::new()) } else { node };
    let mut resource = fields(node, path, |key, value, path| match key {
        "labels" => small::key_values(value, &"".into()),
        "driver_opts" => small::options(value, path),
        "attachable" | "internal" | "enable_ipv4" | "enable_ipv6" => small::boolean(value, path),
        "external" => external(value, path),
        "ipam" => ipam(value, path),
        "name" => Ok(small::text(value)),
        _ => Ok(value.clone()),
    })?;
    let Some(map) = resource.map_mut() else { return Ok(resource) };
    // The old form `external: {name: x}`.
    if let Some(name) = map.get("external").and_then(|external| external.get("name")).cloned() {
        if map.get("name").is_some_and(|own| own.value != name.value) {
            return Err(Fault::new(path, node, "has two names: `name` and `external.name`"));
        }
        map.insert("name".to_owned(), name);
    }
    if map.get("external").is_some_and(|external| external.map().is_some()) {
        map.insert("external".to_owned(), node.with(true));
    }
    let stays = |key: &str| matches!(key, "ipam" | "enable_ipv4" | "enable_ipv6" | "content");
    map.retain(|key, value| (!key.starts_with("x-")) && (stays(key) || !is_empty(value)) && !value.is_null());
    if kind == "networks" {
        map.entry("ipam".to_owned()).or_insert_with(|| Node::implied(Map::new()));
    }
    Ok(resource)
}

fn external(node: &Node, path: &Path) -> Done {
    match &node.value {
        Value::Map(_) => Ok(node.clone()),
        _ => small::boolean(node, path),
    }
}

fn ipam(node: &Node, path: &Path) -> Done {
    let ipam = fields(node, path, |key, value, path| match key {
        "config" => each(value, path, |one, path| {
            fields(one, path, |key, value, path| match key {
                "aux_addresses" => small::options(value, path),
                _ => Ok(value.clone()),
            })
            .map(without_empty)
        }),
        // Docker compose takes them and drops them.
        "options" => Ok(value.with(Value::Null)),
        _ => Ok(value.clone()),
    })?;
    Ok(without_empty(ipam))
}
