//! The long form of everything: short ports and mounts spelled out, lists as mappings where docker compose
//! has mappings, sizes in bytes, durations as Go prints them. The result is what `docker compose config` prints.

mod devices;
mod mounts;
mod ports;
mod resources;
mod service;
mod small;

use super::tree::{Fault, Map, Node, Path, Value};

pub use mounts::{is_drive, target};
pub use resources::section;
pub use service::service;
pub use small::key_values;

type Done<T = Node> = Result<T, Fault>;

/// True for what docker compose leaves out of its output: nothing, false, zero, an empty text or collection.
pub fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Int(value) => *value == 0,
        Value::Float(value) => *value == 0.0,
        Value::Text(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
    }
}

/// Applies `one` to each entry of a list.
fn each(node: &Node, path: &Path, mut one: impl FnMut(&Node, &Path) -> Done) -> Done {
    let Some(list) = node.list() else { return Ok(node.clone()) };
    let list: Done<Vec<Node>> =
        list.iter().enumerate().map(|(at, node)| one(node, &path.below(&format!("[{at}]")))).collect();
    Ok(node.with(list?))
}

/// Applies `one` to each value of a mapping, with its key.
fn fields(node: &Node, path: &Path, mut one: impl FnMut(&str, &Node, &Path) -> Done) -> Done {
    let Some(map) = node.map() else { return Ok(node.clone()) };
    let map: Done<Map> =
        map.iter().map(|(key, value)| Ok((key.clone(), one(key, value, &path.below(key))?))).collect();
    Ok(node.with(map?))
}

/// A mapping without the fields that hold nothing.
fn without_empty(node: Node) -> Node {
    let place = node.place;
    match node.value {
        Value::Map(map) => {
            Node::new(Value::Map(map.into_iter().filter(|(_, v)| !is_empty(v)).collect()), place)
        }
        value => Node::new(value, place),
    }
}
