//! Networks of the twin's own, and how services are attached to them.

use std::net::IpAddr;

use super::derive::Deriver;
use super::host;
use crate::compose::tree::{Map, Node, Value};

impl Deriver<'_> {
    pub(super) fn networks(&mut self, root: &mut Node) {
        let Some(networks) = root.get_mut("networks").and_then(Node::map_mut) else { return };
        for (key, node) in networks {
            let at = format!("networks.{key}");
            let name = node.get("name").map_or_else(|| key.clone(), Node::to_string);
            let permit = format!("network:{name}");
            let place = node.clone();
            if host::is_external(node) {
                if self.may_share(&permit) {
                    continue;
                }
                let decide = [format!("--own {permit}"), format!("--share {permit}")];
                if !self.is_own(&permit) {
                    self.refuse(&at, &place, format!("the external network {name} is production's"), &decide);
                    continue;
                }
                self.change(&at, &place, format!("{name} becomes a network of the twin"), "--own says so");
                node.value = Value::Map(Map::new());
                continue;
            }
            let driver = node.get("driver").map(Node::to_string).unwrap_or_default();
            let Some(map) = node.map_mut() else { continue };
            if matches!(driver.as_str(), "macvlan" | "ipvlan" | "host") && !self.may_share(&permit) {
                let decide = [format!("--own {permit}"), format!("--share {permit}")];
                if !self.is_own(&permit) {
                    self.refuse(
                        &at,
                        &place,
                        format!("the driver {driver} puts containers into the host's network"),
                        &decide,
                    );
                    continue;
                }
                map.remove("driver");
                map.remove("driver_opts");
                self.change(&at, &place, "becomes a bridge of the twin", "--own says so");
            }
            if map
                .remove("name")
                .is_some_and(|name| name.to_string() != format!("{}_{key}", self.request.production.name))
            {
                let what = format!("{name} becomes {}_{key}", self.request.name);
                self.change(&format!("{at}.name"), &place, what, "an engine has each name once");
            }
            if let Some(ipam) = map.get_mut("ipam").and_then(Node::map_mut)
                && let Some(pools) = ipam.remove("config")
            {
                self.change(
                    &format!("{at}.ipam"),
                    &pools,
                    "the subnet is left to the engine",
                    "two networks cannot have the same one",
                );
            }
            if let Some(options) = map.get_mut("driver_opts").and_then(Node::map_mut)
                && let Some(bridge) = options.remove("com.docker.network.bridge.name")
            {
                self.change(
                    &format!("{at}.driver_opts"),
                    &bridge,
                    "the bridge's name is left to the engine",
                    "the host has each name once",
                );
            }
        }
    }

    /// A service's networks: no fixed addresses, and the old container name stays a name to be found by.
    pub(super) fn attachments(&mut self, name: &str, service: &mut Map) {
        let known_as = self
            .request
            .production
            .root
            .get("services")
            .and_then(|all| all.get(name))
            .and_then(|service| service.get("container_name"))
            .map(Node::to_string);
        let Some(networks) = service.get_mut("networks").and_then(Node::map_mut) else { return };
        for (key, node) in networks {
            let at = format!("services.{name}.networks.{key}");
            if let Some(map) = node.map_mut() {
                for fixed in ["ipv4_address", "ipv6_address", "link_local_ips", "mac_address"] {
                    let Some(node) = map.remove(fixed) else { continue };
                    self.hosts.insert(node.to_string(), name.to_owned());
                    self.change(
                        &at,
                        &node,
                        format!("{fixed} is left to the engine"),
                        "the twin's subnet is another one",
                    );
                }
            }
            if let Some(known_as) = &known_as {
                if node.is_null() {
                    node.value = Value::Map(Map::new());
                }
                let Some(map) = node.map_mut() else { continue };
                let aliases = map.entry("aliases".to_owned()).or_insert_with(|| Node::implied(Vec::new()));
                if let Some(aliases) = aliases.list_mut()
                    && !aliases.iter().any(|alias| alias.text() == Some(known_as))
                {
                    aliases.push(Node::implied(known_as.as_str()));
                }
            }
        }
    }
}

/// True where two subnets share an address.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let (Some((a, width_a)), Some((b, width_b))) = (subnet(one), subnet(other)) else { return one == other };
    let bits = if a.is_ipv4() { 32 } else { 128 };
    let width = width_a.min(width_b).min(bits);
    a.is_ipv4() == b.is_ipv4() && (width == 0 || number(a) >> (bits - width) == number(b) >> (bits - width))
}

fn subnet(text: &str) -> Option<(IpAddr, u32)> {
    let (address, width) = text.split_once('/')?;
    Some((address.parse().ok()?, width.parse().ok()?))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_overlap_where_one_holds_the_other() {
        assert!(overlap("10.0.0.0/8", "10.5.0.0/24"));
        assert!(!overlap("10.5.1.0/24", "10.5.0.0/24"));
        assert!(!overlap("fd00::/64", "10.5.0.0/24"));
        assert!(overlap("0.0.0.0/0", "10.5.0.0/24"));
    }
}
