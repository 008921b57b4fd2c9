//! Devices, GPUs, limits on block devices and processes.

use super::super::tree::{Fault, Map, Node, Path, Value};
use super::{Done, each, fields, small, without_empty};

/// `/dev/a:/dev/b:rwm` as a mapping.
pub fn device(node: &Node, path: &Path) -> Done {
    let Some(text) = node.text() else {
        let mut device = node.clone();
        if let Some(map) = device.map_mut() {
            let source = map.get("source").cloned();
            if let (false, Some(source)) = (map.contains_key("target"), source) {
                map.insert("target".to_owned(), source);
            }
            map.entry("permissions".to_owned()).or_insert_with(|| node.with("rwm"));
        }
        return Ok(device);
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, permissions) = match parts.as_slice() {
        [source] => (*source, *source, "rwm"),
        [source, target] => (*source, *target, "rwm"),
        [source, target, permissions] => (*source, *target, *permissions),
        _ => return Err(Fault::new(path, node, format!("`{text}` is not `source:target:permissions`"))),
    };
    let map = [("source", source), ("target", target), ("permissions", permissions)];
    Ok(node.with(map.map(|(key, value)| (key.to_owned(), node.with(value))).into_iter().collect::<Map>()))
}

pub fn gpus(node: &Node, path: &Path) -> Done {
    if node.text() == Some("all") {
        let all = Map::from([("count".to_owned(), node.with(-1))]);
        return Ok(node.with(vec![node.with(all)]));
    }
    requests(node, path)
}

/// Requests for devices: GPUs, and `deploy.resources.reservations.devices`.
pub fn requests(node: &Node, path: &Path) -> Done {
    each(node, path, |one, path| {
        fields(one, path, |key, value, path| match key {
            "count" if value.text() == Some("all") => Ok(value.with(-1)),
            "count" => small::integer(value, path),
            "options" => small::key_values(value, &"".into()),
            _ => Ok(value.clone()),
        })
    })
}

/// One limit, or a soft and a hard one.
pub fn ulimits(node: &Node, path: &Path) -> Done {
    fields(node, path, |_, value, path| match &value.value {
        Value::Map(_) => fields(value, path, |_, value, path| small::integer(value, path)),
        _ => small::integer(value, path),
    })
}

/// As docker compose prints it: the fields of a device's limit begin with a capital.
pub fn block_io(node: &Node, path: &Path) -> Done {
    fields(node, path, |key, value, path| {
        if key == "weight" {
            return small::integer(value, path);
        }
        each(value, path, |one, path| {
            let one = fields(one, path, |field, value, path| match field {
                "rate" => small::bytes(value, path),
                "weight" => small::integer(value, path),
                _ => Ok(small::text(value)),
            })?;
            let capital = |key: &str| match key {
                "path" => "Path",
                "rate" => "Rate",
                _ => "Weight",
            };
            let map = one.map().into_iter().flatten();
            Ok(one.with(map.map(|(k, v)| (capital(k).to_owned(), v.clone())).collect::<Map>()))
        })
    })
    .map(without_empty)
}
