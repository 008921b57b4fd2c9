//! What makes a service production's: names, images that it builds, the host it reaches, the software that reads
//! its labels.

use super::derive::Deriver;
use super::host;
use crate::compose::tree::{Map, Node};

/// Labels by which other software of the same machine acts on a container: it cannot tell the twin's from production's.
const ACTED_UPON: [&str; 14] = [
    "traefik.",
    "caddy",
    "com.centurylinklabs.watchtower",
    "ofelia.",
    "diun.",
    "wud.",
    "autoheal",
    "docker-volume-backup.",
    "com.github.nginx-proxy",
    "com.github.jrcs.letsencrypt",
    "swag",
    "flame.",
    "homepage.",
    "com.docker.stack",
];
/// Variables that a reverse proxy reads out of other containers.
const PROXIED: [&str; 4] =
    ["VIRTUAL_HOST", "LETSENCRYPT_HOST", "LETSENCRYPT_EMAIL", "VIRTUAL_HOST_MULTIPORTS"];

impl Deriver<'_> {
    /// Names of containers and images.
    pub(super) fn identity(&mut self, name: &str, service: &mut Map) {
        let at = |key: &str| format!("services.{name}.{key}");
        if let Some(node) = service.get("container_name").cloned() {
            let new = format!("{}-{node}", self.request.name);
            self.change(
                &at("container_name"),
                &node,
                format!("{node} becomes {new}"),
                "an engine has each name once",
            );
            service.insert("container_name".to_owned(), node.with(new));
        }
        if let Some(build) = service.get_mut("build").and_then(Node::map_mut) {
            for key in ["tags", "cache_to"] {
                if let Some(node) = build.remove(key) {
                    self.change(
                        &at(&format!("build.{key}")),
                        &node,
                        "dropped",
                        "it would replace production's images",
                    );
                }
            }
            if let Some(node) = service.remove("image") {
                let own = format!("{}-{name}", self.request.name);
                let what = format!("built as {own} instead of {node}");
                self.change(
                    &at("image"),
                    &node,
                    what,
                    "a build of the twin would replace production's image",
                );
            }
        } else if let Some(node) = service.get("image").cloned()
            && let Some(builder) = self.builder(&node.to_string())
        {
            let own = format!("{}-{builder}", self.request.name);
            self.change(
                &at("image"),
                &node,
                format!("{node} becomes {own}"),
                format!("{builder} builds it in the twin"),
            );
            service.insert("image".to_owned(), node.with(own));
        }
        self.labels(name, service);
        if let Some(node) = service.get("logging").cloned() {
            let driver = node.get("driver").map(Node::to_string).unwrap_or_default();
            if !matches!(driver.as_str(), "" | "json-file" | "local" | "none") {
                self.change(
                    &at("logging"),
                    &node,
                    format!("{driver} dropped"),
                    "the twin's logs are no part of production's",
                );
                service.remove("logging");
            }
        }
    }

    /// The service that builds an image which others only run.
    fn builder(&self, image: &str) -> Option<String> {
        self.request.production.services().find_map(|(name, service)| {
            let builds = service.get("build").is_some()
                && service.get("image").is_some_and(|own| own.to_string() == image);
            (builds && !self.request.without.contains(name)).then(|| name.clone())
        })
    }

    fn labels(&mut self, name: &str, service: &mut Map) {
        let Some(labels) = service.get_mut("labels").and_then(Node::map_mut) else { return };
        let acted_upon: Vec<(String, Node)> = labels
            .iter()
            .filter(|(key, _)| ACTED_UPON.iter().any(|prefix| key.starts_with(prefix)))
            .map(|(key, node)| (key.clone(), node.clone()))
            .collect();
        labels.retain(|key, _| !acted_upon.iter().any(|(acted, _)| acted == key));
        if let Some((first, node)) = acted_upon.first() {
            let what = match acted_upon.len() {
                1 => format!("{first} dropped"),
                count => format!("{first} and {} more dropped", count - 1),
            };
            let why = "software of this machine that reads them would treat the twin as production";
            self.change(&format!("services.{name}.labels"), node, what, why);
        }
        if let Some(variables) = service.get_mut("environment").and_then(Node::map_mut) {
            for key in PROXIED {
                if let Some(node) = variables.remove(key) {
                    let at = format!("services.{name}.environment.{key}");
                    self.change(
                        &at,
                        &node,
                        "dropped",
                        "a reverse proxy of this machine would send production's visitors here",
                    );
                }
            }
        }
    }

    /// The host and containers outside the project.
    pub(super) fn reach(&mut self, name: &str, service: &mut Map) {
        let at = |key: &str| format!("services.{name}.{key}");
        let bridge = service
            .get("network_mode")
            .filter(|mode| matches!(mode.text(), Some("bridge" | "default")))
            .cloned();
        if let Some(node) = bridge {
            service.remove("network_mode");
            let default =
                Map::from([("default".to_owned(), Node::implied(crate::compose::tree::Value::Null))]);
            service.insert("networks".to_owned(), Node::implied(default));
            self.change(
                &at("network_mode"),
                &node,
                "a network of its own",
                "the engine's bridge is shared by all projects",
            );
        }
        let permit = format!("host:{name}");
        if !self.may_share(&permit) {
            let node = Node::implied(service.clone());
            for (key, what) in host::uses(&node) {
                let decide = [format!("--without {name}"), format!("--share {permit}")];
                let node = service.get(key).cloned().unwrap_or_else(|| Node::implied(""));
                self.refuse(&at(key), &node, format!("would give the twin {what}"), &decide);
            }
        }
        if let Some(node) = service.remove("mac_address") {
            self.change(&at("mac_address"), &node, "dropped", "a network has each address once");
        }
        self.extra_hosts(name, service);
    }

    fn extra_hosts(&mut self, name: &str, service: &mut Map) {
        let Some(hosts) = service.get_mut("extra_hosts").and_then(Node::list_mut) else { return };
        let mut dropped = Vec::new();
        hosts.retain(|entry| {
            let text = entry.to_string();
            let (host, target) = text.split_once(['=', ':']).unwrap_or((&text, ""));
            let target = target.trim_matches(['[', ']']);
            let nowhere = target != "host-gateway" && super::address::leads_nowhere(target);
            let stays = nowhere || self.request.share.contains(&format!("address:{target}"));
            if !stays {
                dropped.push((entry.clone(), host.to_owned(), target.to_owned()));
            }
            stays
        });
        if hosts.is_empty() {
            service.remove("extra_hosts");
        }
        for (entry, host, target) in dropped {
            let why = if target == "host-gateway" {
                "production's published ports are there"
            } else {
                "it leads outside the twin"
            };
            self.look(&format!("services.{name}.extra_hosts"), &entry, format!("{host} dropped"), why);
        }
    }
}
