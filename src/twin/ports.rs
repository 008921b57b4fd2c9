//! Ports of the host.

use std::collections::BTreeSet;

use super::derive::Deriver;
use crate::compose::Model;
use crate::compose::tree::{Map, Node};

/// A port of the host that a container answers at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub service: String,
    /// Empty: every address of the host.
    pub address: String,
    pub host: u16,
    pub target: u16,
    pub protocol: String,
}

impl Published {
    /// True where both cannot be bound at once.
    pub fn collides(&self, other: &Self) -> bool {
        let any = |address: &str| matches!(address, "" | "0.0.0.0" | "::");
        self.host == other.host
            && self.protocol == other.protocol
            && (any(&self.address) || any(&other.address) || self.address == other.address)
    }

    pub fn at(&self) -> String {
        format!("services.{}.ports", self.service)
    }
}

/// Every fixed port of a model; a range is as many.
pub fn published(model: &Model) -> impl Iterator<Item = Published> {
    model.services().flat_map(|(service, node)| {
        let ports = node.get("ports").and_then(Node::list).unwrap_or_default();
        ports.iter().flat_map(move |port| of(service, port))
    })
}

fn of(service: &str, port: &Node) -> Vec<Published> {
    let text = |key: &str| port.get(key).map(Node::to_string).unwrap_or_default();
    let written = text("published");
    let (from, to) = written.split_once('-').unwrap_or((&written, &written));
    let (Ok(from), Ok(to), Ok(target)) =
        (from.parse::<u16>(), to.parse::<u16>(), text("target").parse::<u16>())
    else {
        return Vec::new();
    };
    let protocol = Some(text("protocol")).filter(|text| !text.is_empty()).unwrap_or_else(|| "tcp".to_owned());
    (from..=to)
        .map(|host| Published {
            service: service.to_owned(),
            address: text("host_ip"),
            host,
            target,
            protocol: protocol.clone(),
        })
        .collect()
}

/// A port near 20000 + the last four digits that nobody holds.
pub(super) fn free(near: u16, taken: &mut BTreeSet<u16>) -> u16 {
    let first = 20_000 + near % 10_000;
    let mut port = first;
    while taken.contains(&port) {
        // Around the whole range once; with ten thousand taken ports the last one is as good as any.
        port = if port == 29_999 { 20_000 } else { port + 1 };
        if port == first {
            break;
        }
    }
    taken.insert(port);
    port
}

impl Deriver<'_> {
    /// Every published port moves to a free one of 127.0.0.1.
    pub(super) fn ports(&mut self, name: &str, service: &mut Map) {
        let Some(ports) = service.get_mut("ports").and_then(Node::list_mut) else { return };
        let mut seen = BTreeSet::new();
        let mut moved = Vec::new();
        ports.retain_mut(|port| {
            let text = |port: &Node, key: &str| port.get(key).map(Node::to_string).unwrap_or_default();
            let (target, protocol, before) =
                (text(port, "target"), text(port, "protocol"), text(port, "published"));
            let place = port.clone();
            if !seen.insert((target.clone(), protocol.clone())) {
                moved.push((
                    place,
                    format!("{before} to {target}/{protocol} dropped"),
                    "the twin has one port for it",
                ));
                return false;
            }
            let Some(map) = port.map_mut() else { return false };
            map.insert("host_ip".to_owned(), Node::implied("127.0.0.1"));
            let first = before.split('-').next().unwrap_or_default().parse::<u16>();
            match first {
                Ok(first) => {
                    let port = free(first, &mut self.taken);
                    map.insert("published".to_owned(), Node::implied(port.to_string()));
                    let what = format!("{before} becomes 127.0.0.1:{port} (to {target}/{protocol})");
                    moved.push((
                        place,
                        what,
                        "two stacks cannot listen at one port, and staging is for this machine",
                    ));
                }
                Err(_) => moved.push((
                    place,
                    format!("{target}/{protocol} at 127.0.0.1"),
                    "staging is for this machine",
                )),
            }
            true
        });
        for (node, what, why) in moved {
            self.change(&format!("services.{name}.ports"), &node, what, why);
        }
    }

    /// Opens a port of a database for stagectl itself, and returns it.
    pub(super) fn open(&mut self, name: &str, service: &mut Map, target: u16) {
        let ports = service.entry("ports".to_owned()).or_insert_with(|| Node::implied(Vec::new()));
        let published = |port: &Node| {
            port.get("target").is_some_and(|node| node.to_string() == target.to_string())
                && port.get("published").is_some()
        };
        let Some(list) = ports.list_mut() else { return };
        if list.iter().any(published) {
            return;
        }
        list.retain(|port| port.get("target").is_none_or(|node| node.to_string() != target.to_string()));
        let port = free(target, &mut self.taken);
        list.push(Node::implied(Map::from([
            ("mode".to_owned(), Node::implied("ingress")),
            ("host_ip".to_owned(), Node::implied("127.0.0.1")),
            ("target".to_owned(), Node::implied(i64::from(target))),
            ("published".to_owned(), Node::implied(port.to_string())),
            ("protocol".to_owned(), Node::implied("tcp")),
        ])));
        let what = format!("{target} opened at 127.0.0.1:{port}");
        self.change(
            &format!("services.{name}.ports"),
            &Node::implied(""),
            what,
            "copy-data and validate reach it there",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_keeps_the_digits_people_know_and_avoids_taken_ones() {
        let mut taken = BTreeSet::from([20_080]);
        assert_eq!(free(80, &mut taken), 20_081);
        assert_eq!(free(5432, &mut taken), 25_432);
        assert_eq!(free(15_432, &mut taken), 25_433);
        let mut all: BTreeSet<u16> = (20_000..=29_999).collect();
        assert_eq!(free(80, &mut all), 20_080);
    }

    #[test]
    fn ports_collide_where_an_address_is_the_same_or_any() {
        let port = |address: &str, host| Published {
            service: "web".to_owned(),
            address: address.to_owned(),
            host,
            target: 80,
            protocol: "tcp".to_owned(),
        };
        assert!(port("", 80).collides(&port("127.0.0.1", 80)));
        assert!(!port("10.0.0.1", 80).collides(&port("127.0.0.1", 80)));
        assert!(!port("", 80).collides(&port("", 81)));
    }
}
