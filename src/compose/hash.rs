//! The config hashes of docker compose, computed without it: the SHA-256 of a service as Go's encoding/json
//! writes it, less the keys that do not make another container.
//!
//! What compose writes changed once in the versions people run, hence [`Profile`].

use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::output;
use super::project::Model;
use super::tree::{Node, Value};

/// Which docker compose a hash agrees with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// 2.38 to 2.40: `create_host_path: true` is written out.
    Written,
    /// 5.0 and later: the default is left out.
    Omitted,
}

impl Profile {
    pub const ALL: [Self; 2] = [Self::Written, Self::Omitted];

    /// The profile of a docker compose version, such as `2.40.3` or `v5.1.0-1`.
    pub fn of_version(version: &str) -> Option<Self> {
        let major: u32 = version.trim().trim_start_matches('v').split('.').next()?.parse().ok()?;
        match major {
            0 | 1 => None,
            2 => Some(Self::Written),
            _ => Some(Self::Omitted),
        }
    }

    /// The version to write into labels when no docker compose is installed.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Written => "2.40.3",
            Self::Omitted => "5.0.0",
        }
    }
}

/// Keys that docker compose leaves out of a service's hash.
const NOT_HASHED: [&str; 5] = ["build", "pull_policy", "scale", "depends_on", "profiles"];

/// The hash of each service, as `docker compose config --hash '*'` prints it.
pub fn services(model: &Model, profile: Profile) -> Vec<(String, String)> {
    model.services().map(|(name, service)| (name.clone(), self::service(service, profile))).collect()
}

/// The hash of one service.
pub fn service(service: &Node, profile: Profile) -> String {
    let mut service = service.clone();
    if let Some(map) = service.map_mut() {
        for key in NOT_HASHED {
            map.remove(key);
        }
    }
    if let Some(deploy) = service.get_mut("deploy").and_then(Node::map_mut) {
        deploy.remove("replicas");
    }
    for mount in service.get_mut("volumes").and_then(Node::list_mut).into_iter().flatten() {
        let Some(bind) = mount.get_mut("bind").and_then(Node::map_mut) else { continue };
        let creates = bind.get("create_host_path").map(|node| node.value.clone());
        let kept = match profile {
            Profile::Written => creates == Some(Value::Bool(true)),
            Profile::Omitted => creates == Some(Value::Bool(false)),
        };
        if !kept {
            bind.remove("create_host_path");
        }
    }
    digest(&output::part(&service, &["services", "one"]))
}

/// The hash of a network.
pub fn network(network: &Node) -> String {
    digest(&output::part(network, &["networks", "one"]))
}

/// The hash of a volume.
pub fn volume(volume: &Node) -> String {
    let mut volume = volume.clone();
    if let Some(map) = volume.map_mut() {
        map.entry("driver".to_owned()).or_insert_with(|| Node::implied("local"));
    }
    digest(&output::part(&volume, &["volumes", "one"]))
}

fn digest(json: &Json) -> String {
    Sha256::digest(go_json(json).as_bytes())
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// JSON as Go writes it: compact, and safe inside HTML.
pub fn go_json(value: &impl Serialize) -> String {
    serde_json::to_string(value)
        .unwrap_or_default()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_decides_the_profile() {
        assert_eq!(Profile::of_version("2.40.3-3"), Some(Profile::Written));
        assert_eq!(Profile::of_version("v5.1.0\n"), Some(Profile::Omitted));
        assert_eq!(Profile::of_version("1.29.2"), None);
        assert_eq!(Profile::of_version("dev"), None);
    }
}
