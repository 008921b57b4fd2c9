//! What two compose models would share on one machine. Pure; the proof of isolation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::{address, credential, host, path, ports, text};
use crate::compose::Model;
use crate::compose::tree::Node;

/// A resource that both models use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Shared {
    /// `port`, `name`, `network`, `subnet`, `volume`, `mount`, `image`, `host`, `credential` or `address`.
    pub kind: &'static str,
    /// Its name; for a credential the variable, never the value.
    pub what: String,
    /// Where production uses it; empty where the host itself is what is shared.
    pub production: String,
    /// Where the twin does.
    pub twin: String,
}

impl Shared {
    /// What `--share` has to say to allow it.
    pub fn permit(&self) -> String {
        format!("{}:{}", self.kind, self.what)
    }
}

/// Everything that both would use, without what `permits` allows.
pub fn shared(production: &Model, twin: &Model, permits: &BTreeSet<String>) -> Vec<Shared> {
    let mut found = Vec::new();
    names(production, twin, &mut found);
    host_ports(production, twin, &mut found);
    mounts(production, twin, &mut found);
    reaches(twin, &mut found);
    credentials(production, twin, &mut found);
    addresses(production, twin, &mut found);
    found.retain(|shared| !permits.contains(&shared.permit()));
    found.sort();
    found.dedup();
    found
}

/// Names in the engine, by kind: name to the place that uses it.
fn engine_names(model: &Model) -> BTreeMap<(&'static str, String), String> {
    let mut names = BTreeMap::from([(("name", model.name.clone()), "name".to_owned())]);
    for (service, node) in model.services() {
        let at = format!("services.{service}");
        match node.get("container_name") {
            Some(name) => names.insert(("name", name.to_string()), format!("{at}.container_name")),
            None => names.insert(("name", format!("{}-{service}-1", model.name)), at.clone()),
        };
        if node.get("build").is_some() {
            let image =
                node.get("image").map_or_else(|| format!("{}-{service}", model.name), Node::to_string);
            names.insert(("image", image), format!("{at}.image"));
        }
        for tag in
            node.get("build").and_then(|build| build.get("tags")).and_then(Node::list).unwrap_or_default()
        {
            names.insert(("image", tag.to_string()), format!("{at}.build.tags"));
        }
    }
    for (section, kind) in [("networks", "network"), ("volumes", "volume")] {
        for (key, node) in model.section(section) {
            let name = node.get("name").map_or_else(|| key.clone(), Node::to_string);
            names.insert((kind, name), format!("{section}.{key}"));
        }
    }
    names
}

fn names(production: &Model, twin: &Model, found: &mut Vec<Shared>) {
    let theirs = engine_names(twin);
    for ((kind, name), at) in engine_names(production) {
        if let Some(other) = theirs.get(&(kind, name.clone())) {
            found.push(Shared { kind, what: name, production: at, twin: other.clone() });
        }
    }
    let subnets = |model: &Model| {
        let pools = model.section("networks").flat_map(|(key, node)| {
            let config = node.get("ipam").and_then(|ipam| ipam.get("config")).and_then(Node::list);
            config.unwrap_or_default().iter().filter_map(move |pool| {
                Some((pool.get("subnet")?.to_string(), format!("networks.{key}.ipam")))
            })
        });
        pools.collect::<Vec<_>>()
    };
    let ours = subnets(production);
    for (subnet, at) in subnets(twin) {
        if let Some((_, other)) = ours.iter().find(|(other, _)| super::network::overlap(other, &subnet)) {
            found.push(Shared { kind: "subnet", what: subnet, production: other.clone(), twin: at });
        }
    }
}

fn host_ports(production: &Model, twin: &Model, found: &mut Vec<Shared>) {
    let ours: Vec<ports::Published> = ports::published(production).collect();
    for port in ports::published(twin) {
        if let Some(other) = ours.iter().find(|other| other.collides(&port)) {
            let what = format!("{}/{}", port.host, port.protocol);
            found.push(Shared { kind: "port", what, production: other.at(), twin: port.at() });
        }
    }
}

/// Every path of the host that a model's containers see: path, whether one can write there, where it says so.
fn paths(model: &Model) -> Vec<(String, bool, String)> {
    let mut paths = Vec::new();
    for (service, node) in model.services() {
        for bind in host::binds(node) {
            paths.push((bind.source, bind.writable, format!("services.{service}.volumes ({})", bind.target)));
        }
    }
    for (key, volume) in model.section("volumes") {
        if let Some(device) = host::device(volume) {
            paths.push((device, true, format!("volumes.{key}.driver_opts.device")));
        }
    }
    for section in ["secrets", "configs"] {
        for (key, node) in model.section(section) {
            if let Some(file) = node.get("file") {
                paths.push((file.to_string(), section == "secrets", format!("{section}.{key}.file")));
            }
        }
    }
    paths
}

fn mounts(production: &Model, twin: &Model, found: &mut Vec<Shared>) {
    let ours = paths(production);
    for (source, writable, at) in paths(twin) {
        let place = Path::new(&source);
        if path::is_common(place) {
            continue;
        }
        let other = ours.iter().find(|(other, writes, _)| {
            let theirs = Path::new(other);
            // What neither can write may be read by both, unless it is a key. Who only reads the whole machine reads the
            // twin too, and changes nothing of it.
            let reads_all = path::reaches_the_host(theirs) && !writes;
            !reads_all && path::overlap(place, theirs) && (writable || *writes || path::holds_keys(place))
        });
        if let Some((_, _, production)) = other {
            found.push(Shared { kind: "mount", what: source, production: production.clone(), twin: at });
        }
    }
}

/// What reaches the host reaches production, whatever production's file says.
fn reaches(twin: &Model, found: &mut Vec<Shared>) {
    for (service, node) in twin.services() {
        for (key, _) in host::uses(node) {
            let twin = format!("services.{service}.{key}");
            found.push(Shared { kind: "host", what: service.clone(), production: String::new(), twin });
        }
        for bind in host::binds(node).filter(host::reaches_the_host) {
            let twin = format!("services.{service}.volumes ({})", bind.target);
            found.push(Shared { kind: "mount", what: bind.source, production: String::new(), twin });
        }
    }
    for (section, kind) in [("networks", "network"), ("volumes", "volume")] {
        for (key, node) in twin.section(section) {
            if host::is_external(node) {
                let name = node.get("name").map_or_else(|| key.clone(), Node::to_string);
                let twin = format!("{section}.{key}");
                found.push(Shared { kind, what: name, production: String::new(), twin });
            }
        }
    }
}

fn credentials(production: &Model, twin: &Model, found: &mut Vec<Shared>) {
    let ours = text::credentials(production);
    let theirs = text::credentials(twin);
    let own: BTreeSet<&str> = theirs.iter().map(|secret| secret.value.as_str()).collect();
    for secret in &ours {
        let place = if text::is_strong(&secret.value) {
            text::all(twin).find(|(_, text)| text.contains(&secret.value)).map(|(at, _)| at)
        } else if own.contains(secret.value.as_str()) {
            theirs.iter().find(|other| other.value == secret.value).map(|other| other.at.clone())
        } else {
            None
        };
        if let Some(at) = place {
            let production = secret.at.clone();
            found.push(Shared { kind: "credential", what: secret.at.clone(), production, twin: at });
        }
    }
    for (at, text) in text::all(twin).filter(|(_, text)| credential::is_live(text)) {
        if !super::reference::holds(&text) {
            found.push(Shared { kind: "credential", what: at.clone(), production: String::new(), twin: at });
        }
    }
}

fn addresses(production: &Model, twin: &Model, found: &mut Vec<Shared>) {
    let ours = text::outside(production);
    for (host, at) in text::outside(twin) {
        if let Some(production) = ours.get(&host).filter(|_| !address::leads_nowhere(&host)) {
            found.push(Shared { kind: "address", what: host, production: production.clone(), twin: at });
        }
    }
}
