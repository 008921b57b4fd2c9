//! The small values: texts, numbers, sizes, durations, commands, `KEY=value`.

use super::super::scalar;
use super::super::tree::{Fault, Map, Node, Path, Value};
use super::{Done, each, fields};

/// Any scalar as text.
pub fn text(node: &Node) -> Node {
    match node.value {
        Value::Null | Value::List(_) | Value::Map(_) => node.clone(),
        _ => node.with(node.to_string()),
    }
}

pub fn texts(node: &Node, path: &Path) -> Done {
    each(node, path, |one, _| Ok(text(one)))
}

/// A single text or a list of them.
pub fn one_or_many(node: &Node, path: &Path) -> Done {
    match node.value {
        Value::List(_) => texts(node, path),
        _ => Ok(node.with(vec![text(node)])),
    }
}

/// A mapping of texts, whatever their types.
pub fn options(node: &Node, path: &Path) -> Done {
    fields(node, path, |_, value, _| Ok(text(value)))
}

pub fn integer(node: &Node, path: &Path) -> Done {
    match &node.value {
        Value::Text(text) => {
            let number: i64 = text.trim().parse().map_err(|_| Fault::new(path, node, "is not an integer"))?;
            Ok(node.with(number))
        }
        Value::Float(float) if float.fract() == 0.0 => Ok(node.with(*float as i64)),
        _ => Ok(node.clone()),
    }
}

pub fn float(node: &Node, path: &Path) -> Done {
    let number = match &node.value {
        Value::Text(text) => text.trim().parse().map_err(|_| Fault::new(path, node, "is not a number"))?,
        Value::Float(number) => *number,
        _ => return Ok(node.clone()),
    };
    // Whole numbers print without a point.
    Ok(node.with(if number.fract() == 0.0 { Value::Int(number as i64) } else { Value::Float(number) }))
}

pub fn boolean(node: &Node, path: &Path) -> Done {
    match node.text().map(str::to_lowercase).as_deref() {
        None => Ok(node.clone()),
        Some("true" | "yes" | "y" | "on" | "1") => Ok(node.with(true)),
        Some("false" | "no" | "n" | "off" | "0") => Ok(node.with(false)),
        Some(_) => Err(Fault::new(path, node, "is not a boolean")),
    }
}

/// A size as a text of bytes.
pub fn bytes(node: &Node, path: &Path) -> Done {
    let text = node.to_string();
    let bytes = match text.parse::<i64>() {
        Ok(bytes) => bytes,
        Err(_) => scalar::bytes(&text).ok_or_else(|| {
            Fault::new(path, node, format!("`{text}` is not a size such as `512m` or `1g`"))
        })?,
    };
    Ok(node.with(bytes.to_string()))
}

/// A duration as Go prints it.
pub fn duration(node: &Node, path: &Path) -> Done {
    let text = node.to_string();
    let time = scalar::duration(&text).ok_or_else(|| {
        Fault::new(path, node, format!("`{text}` is not a duration such as `30s` or `1m30s`"))
    })?;
    Ok(node.with(scalar::go_duration(time)))
}

/// A command as a list of words; nothing stays nothing.
pub fn command(node: &Node, path: &Path) -> Done {
    match &node.value {
        Value::Text(line) => {
            let words = scalar::words(line)
                .ok_or_else(|| Fault::new(path, node, "has a quote that does not close"))?;
            Ok(node.with(words.into_iter().map(|word| node.with(word)).collect::<Vec<_>>()))
        }
        _ => texts(node, path),
    }
}

/// `[KEY=value, KEY]` or `{KEY: value}` as a mapping. A key without a value is `bare`.
pub fn key_values(node: &Node, bare: &Value) -> Done {
    let mut map = Map::new();
    match &node.value {
        Value::List(list) => {
            for one in list {
                let line = one.to_string();
                let (key, value) = match line.split_once('=') {
                    Some((key, value)) => (key, one.with(value)),
                    None => (line.as_str(), Node::new(bare.clone(), one.place)),
                };
                map.insert(key.to_owned(), value);
            }
        }
        Value::Map(pairs) => {
            for (key, value) in pairs {
                let value = if value.is_null() { Node::new(bare.clone(), value.place) } else { text(value) };
                map.insert(key.clone(), value);
            }
        }
        _ => return Ok(node.clone()),
    }
    Ok(node.with(map))
}

/// `host:ip`, `host=ip` or `{host: ip}` as the sorted list of `host=ip`.
pub fn hosts(node: &Node, path: &Path) -> Done {
    let mut lines: Vec<(String, Node)> = Vec::new();
    let mut add = |host: &str, address: &str, at: &Node| {
        let address = address.trim_start_matches('[').trim_end_matches(']');
        let line = format!("{host}={address}");
        lines.push((line.clone(), at.with(line)));
    };
    match &node.value {
        Value::List(list) => {
            for (at, one) in list.iter().enumerate() {
                let line = one.to_string();
                let parts = line.split_once('=').or_else(|| line.split_once(':'));
                let (host, address) = parts.filter(|(host, _)| !host.is_empty()).ok_or_else(|| {
                    Fault::new(&path.below(&format!("[{at}]")), one, "is not `host=address`")
                })?;
                add(host, address, one);
            }
        }
        Value::Map(map) => {
            for (host, value) in map {
                for address in value.list().unwrap_or(std::slice::from_ref(value)) {
                    add(host, &address.to_string(), address);
                }
            }
        }
        _ => return Ok(node.clone()),
    }
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines.dedup_by(|a, b| a.0 == b.0);
    Ok(node.with(lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>()))
}
