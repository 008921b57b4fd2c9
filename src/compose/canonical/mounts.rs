//! Volumes, secrets and configs of a service: `./data:/data:ro` as a mapping.

use super::super::tree::{Fault, Map, Node, Path, Value};
use super::{Done, fields, is_empty, small, without_empty};

/// One mount of a service.
pub fn volume(node: &Node, path: &Path) -> Done {
    match &node.value {
        Value::Text(text) => short(text, node, path),
        _ => long(node, path),
    }
}

fn long(node: &Node, path: &Path) -> Done {
    if node.get("target").is_none_or(Node::is_null) {
        return Err(Fault::new(path, node, "needs the key `target`"));
    }
    let mount = fields(node, path, |key, value, path| match key {
        "read_only" => small::boolean(value, path),
        "tmpfs" => fields(value, path, |key, value, path| match key {
            "size" => small::bytes(value, path),
            _ => small::integer(value, path),
        })
        .map(without_empty),
        "volume" => fields(value, path, |key, value, _| match key {
            "labels" => small::key_values(value, &"".into()),
            _ => Ok(value.clone()),
        })
        .map(without_empty),
        _ => Ok(value.clone()),
    })?;
    let place = mount.place;
    let Value::Map(map) = mount.value else { return Ok(mount) };
    let kept = |key: &String, value: &Node| {
        !is_empty(value)
            || (matches!(key.as_str(), "bind" | "volume" | "tmpfs" | "image") && value.map().is_some())
    };
    let map: Map = map.into_iter().filter(|(k, v)| kept(k, v) && !k.starts_with("x-")).collect();
    Ok(Node::new(Value::Map(map), place))
}

fn short(text: &str, node: &Node, path: &Path) -> Done {
    // Too short for a source and a target.
    if text.len() <= 2 {
        let map = [("type".to_owned(), node.with("volume")), ("target".to_owned(), node.clone())];
        return Ok(node.with(Map::from(map)));
    }
    let parts = parts(text);
    let (source, target, flags) = match parts.as_slice() {
        [target] => (None, *target, None),
        [source, target] => (Some(*source), *target, None),
        [source, target, flags] => (Some(*source), *target, Some(*flags)),
        _ => return Err(Fault::new(path, node, format!("`{text}` is not `source:target:options`"))),
    };
    if parts.iter().any(|part| part.is_empty()) {
        return Err(Fault::new(path, node, format!("`{text}` is not `source:target:options`")));
    }
    let mut map = Map::new();
    let is_path = |source: &str| source.starts_with(['.', '/', '~']) || is_drive(source);
    let bind = source.is_some_and(is_path);
    map.insert("type".to_owned(), node.with(if bind { "bind" } else { "volume" }));
    if let Some(source) = source {
        map.insert("source".to_owned(), node.with(source));
    }
    map.insert("target".to_owned(), node.with(clean(target)));
    let mut options = Map::new();
    if bind {
        options.insert("create_host_path".to_owned(), node.with(true));
    }
    for flag in flags.into_iter().flat_map(|flags| flags.split(',')) {
        match flag {
            "ro" => {
                map.insert("read_only".to_owned(), node.with(true));
            }
            "z" | "Z" if bind => {
                options.insert("selinux".to_owned(), node.with(flag));
            }
            "shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate" if bind => {
                options.insert("propagation".to_owned(), node.with(flag));
            }
            "nocopy" if !bind => {
                options.insert("nocopy".to_owned(), node.with(true));
            }
            _ => {}
        }
    }
    map.insert((if bind { "bind" } else { "volume" }).to_owned(), node.with(options));
    Ok(node.with(map))
}

/// The parts between colons. A single letter before a colon is a drive of Windows to docker compose, so
/// `v:/data` is one part.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    for (at, _) in text.match_indices(':') {
        let drive = at - start == 1 && text[start..at].chars().all(char::is_alphabetic);
        if !drive {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Where a mount in its short form is mounted.
pub fn target(text: &str) -> &str {
    let parts = parts(text);
    parts.get(1).or(parts.first()).copied().unwrap_or(text)
}

/// A path of Windows, such as `c:/data`.
pub fn is_drive(source: &str) -> bool {
    let mut chars = source.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next() == Some(':')
}

/// A path without a slash at its end.
fn clean(path: &str) -> String {
    let short = path.trim_end_matches('/');
    if short.is_empty() { path.to_owned() } else { short.to_owned() }
}

/// One secret or config of a service.
pub fn file(node: &Node, path: &Path) -> Done {
    if node.text().is_some() {
        return Ok(node.with(Map::from([("source".to_owned(), node.clone())])));
    }
    fields(node, path, |key, value, path| match key {
        "mode" => mode(value, path),
        _ => Ok(small::text(value)),
    })
    .map(without_empty)
}

/// A file mode as four octal digits.
fn mode(node: &Node, path: &Path) -> Done {
    match &node.value {
        Value::Int(mode) => Ok(node.with(format!("0{mode:o}"))),
        Value::Text(text) => {
            let mode = i64::from_str_radix(text.trim_start_matches("0o"), 8);
            let mode = mode.map_err(|_| Fault::new(path, node, "is not a file mode such as `0440`"))?;
            Ok(node.with(format!("0{mode:o}")))
        }
        _ => Ok(node.clone()),
    }
}
