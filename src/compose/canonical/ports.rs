//! Published ports: `127.0.0.1:8080-8081:80-81/tcp` as one mapping for each port.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::super::tree::{Fault, Map, Node, Path, Value};
use super::{Done, fields, is_empty, small};

pub fn ports(node: &Node, path: &Path) -> Done {
    let mut ports = Vec::new();
    for (at, one) in node.list().unwrap_or_default().iter().enumerate() {
        let path = path.below(&format!("[{at}]"));
        match &one.value {
            Value::Map(_) => ports.push(long(one, &path)?),
            _ => short(one, &path, &mut ports)?,
        }
    }
    Ok(node.with(ports))
}

fn long(node: &Node, path: &Path) -> Done {
    if node.get("target").is_none_or(Node::is_null) {
        return Err(Fault::new(path, node, "needs the key `target`"));
    }
    let mut port = fields(node, path, |key, value, path| match key {
        "target" => small::integer(value, path),
        _ => Ok(small::text(value)),
    })?;
    if let Some(map) = port.map_mut() {
        map.retain(|key, value| !is_empty(value) && !key.starts_with("x-"));
        map.entry("protocol".to_owned()).or_insert_with(|| node.with("tcp"));
        map.entry("mode".to_owned()).or_insert_with(|| node.with("ingress"));
    }
    Ok(port)
}

/// What the short form says.
struct Short {
    address: String,
    published: Option<RangeInclusive<u16>>,
    target: RangeInclusive<u16>,
    protocol: String,
}

fn short(node: &Node, path: &Path, ports: &mut Vec<Node>) -> Done<()> {
    let text = node.to_string();
    let short = parse(&text).ok_or_else(|| {
        Fault::new(path, node, format!("`{text}` is not a port such as `8080:80` or `127.0.0.1:8080:80/udp`"))
    })?;
    let Short { address, published, target, protocol } = short;
    let (targets, published) =
        (target.clone().count(), published.map(|range| (range.clone().count(), range)));
    // One container port may be published at any free port of a range.
    if let Some((count, range)) = &published
        && *count != targets
        && targets != 1
    {
        return Err(Fault::new(path, node, format!("publishes {count} ports ({range:?}) for {targets}")));
    }
    for (at, target) in target.enumerate() {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), node.with(value));
        put("mode", "ingress".into());
        put("target", i64::from(target).into());
        put("protocol", protocol.as_str().into());
        if !address.is_empty() {
            put("host_ip", address.as_str().into());
        }
        match &published {
            Some((count, range)) if *count == targets => {
                put("published", (usize::from(*range.start()) + at).to_string().into());
            }
            Some((_, range)) => {
                put("published", format!("{}-{}", range.start(), range.end()).into());
            }
            None => {}
        }
        ports.push(node.with(map));
    }
    Ok(())
}

fn parse(text: &str) -> Option<Short> {
    let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return None;
    }
    let (address, rest) = if let Some(inside) = rest.strip_prefix('[') {
        let (address, rest) = inside.split_once("]:")?;
        (address, rest)
    } else if rest.matches(':').count() == 2 {
        let (head, target) = rest.rsplit_once(':')?;
        let (address, published) = head.rsplit_once(':')?;
        (address, &rest[rest.len() - published.len() - target.len() - 1..])
    } else {
        ("", rest)
    };
    if !address.is_empty() && address.parse::<IpAddr>().is_err() {
        return None;
    }
    let (published, target) = match rest.split_once(':') {
        Some(("", target)) => (None, target),
        Some((published, target)) => (Some(range(published)?), target),
        None => (None, rest),
    };
    Some(Short { address: address.to_owned(), published, target: range(target)?, protocol })
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}
