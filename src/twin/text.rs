//! The texts of a model that can hold credentials and addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::{address, credential, reference};
use crate::compose::Model;
use crate::compose::tree::{Node, Value};

/// True for a credential that stands in no other text by chance. `postgres` or `wordpress` is one too, but also the name
/// of an image: it counts only where something is used as a credential.
pub fn is_strong(value: &str) -> bool {
    let has = |kind: fn(&char) -> bool| value.chars().any(|c| kind(&c));
    value.len() >= 16 || value.len() >= 8 && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
}

/// A credential and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub at: String,
    pub value: String,
}

/// Every text of services, secrets and configs, with its path: `services.web.environment.API_KEY`.
pub fn all(model: &Model) -> impl Iterator<Item = (String, String)> {
    let mut out = Vec::new();
    for section in ["services", "secrets", "configs", "networks", "volumes"] {
        for (name, node) in model.section(section) {
            collect(node, &format!("{section}.{name}"), &mut out);
        }
    }
    out.into_iter()
}

fn collect(node: &Node, at: &str, out: &mut Vec<(String, String)>) {
    match &node.value {
        Value::Map(map) => map.iter().for_each(|(key, value)| collect(value, &format!("{at}.{key}"), out)),
        Value::List(list) => list.iter().for_each(|value| collect(value, at, out)),
        Value::Text(text) => out.push((at.to_owned(), text.clone())),
        _ => {}
    }
}

/// The words of a command, an entry point or a health check.
pub fn words(service: &Node) -> impl Iterator<Item = (String, Vec<String>)> {
    let list = |node: Option<&Node>| {
        node.and_then(Node::list).unwrap_or_default().iter().map(Node::to_string).collect::<Vec<_>>()
    };
    let check = service.get("healthcheck").and_then(|check| check.get("test"));
    [
        ("command", list(service.get("command"))),
        ("entrypoint", list(service.get("entrypoint"))),
        ("healthcheck.test", list(check)),
    ]
    .into_iter()
    .map(|(key, words)| (key.to_owned(), words))
}

/// Variables and arguments of a service: name, value and their path below the service.
pub fn variables(service: &Node) -> impl Iterator<Item = (&String, &Node, &'static str)> {
    static NONE: crate::compose::tree::Map = crate::compose::tree::Map::new();
    let arguments =
        service.get("build").and_then(|build| build.get("args")).and_then(Node::map).unwrap_or(&NONE);
    let environment = service.get("environment").and_then(Node::map).unwrap_or(&NONE);
    let environment = environment.iter().map(|(name, value)| (name, value, "environment"));
    environment.chain(arguments.iter().map(|(name, value)| (name, value, "build.args")))
}

/// Every credential of a model. References to the twin's own are none.
pub fn credentials(model: &Model) -> Vec<Credential> {
    let mut found = Vec::new();
    for (service, node) in model.services() {
        for (name, value, key) in variables(node) {
            let (at, value) = (format!("services.{service}.{key}.{name}"), value.to_string());
            for part in address::find(&value, false) {
                found.extend(
                    part.password.map(|range| Credential { at: at.clone(), value: value[range].to_owned() }),
                );
            }
            if credential::is_credential(name, &value) {
                found.push(Credential { at, value });
            }
        }
        for (key, words) in words(node) {
            for (index, from) in credential::in_words(&words) {
                let value = words[index][from..].to_owned();
                found.push(Credential { at: format!("services.{service}.{key}"), value });
            }
        }
    }
    found.retain(|secret| !reference::holds(&secret.value));
    found
}

/// The names under which a project's own containers find each other.
pub fn own_names(model: &Model) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (service, node) in model.services() {
        names.insert(service.to_lowercase());
        for key in ["container_name", "hostname"] {
            names.extend(node.get(key).map(|node| node.to_string().to_lowercase()));
        }
        for network in node.get("networks").and_then(Node::map).into_iter().flat_map(|map| map.values()) {
            for key in ["ipv4_address", "ipv6_address"] {
                names.extend(network.get(key).map(Node::to_string));
            }
            for alias in network.get("aliases").and_then(Node::list).unwrap_or_default() {
                names.insert(alias.to_string().to_lowercase());
            }
        }
        for link in node.get("links").and_then(Node::list).unwrap_or_default() {
            names.extend(link.to_string().split(':').map(str::to_lowercase));
        }
    }
    names
}

/// Every address outside the project in its variables, commands and extra hosts: host to where it stands.
pub fn outside(model: &Model) -> BTreeMap<String, String> {
    let own = own_names(model);
    let mut found = BTreeMap::new();
    let mut take = |text: &str, named: bool, at: String| {
        for part in address::find(text, named) {
            if !own.contains(&part.host)
                && !address::leads_nowhere(&part.host)
                && !reference::holds(&part.host)
            {
                found.entry(part.host).or_insert_with(|| at.clone());
            }
        }
    };
    for (service, node) in model.services() {
        for (name, value, key) in variables(node) {
            take(&value.to_string(), address::is_name(name), format!("services.{service}.{key}.{name}"));
        }
        for (key, words) in words(node) {
            for word in words {
                take(&word, false, format!("services.{service}.{key}"));
            }
        }
        for extra in node.get("extra_hosts").and_then(Node::list).unwrap_or_default() {
            let extra = extra.to_string();
            let target = extra.split_once(['=', ':']).map_or(extra.as_str(), |(_, target)| target);
            take(target, true, format!("services.{service}.extra_hosts"));
        }
    }
    found
}
