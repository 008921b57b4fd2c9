//! The config hashes of docker compose, computed without it.
//!
//! A hash is the SHA-256 of the canonical form as Go's encoding/json writes it. What compose
//! writes changed once in the versions people run, hence the profiles.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::model::{BindOptions, Network, Service, Volume};

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

/// The hash of a service.
pub fn service(service: &Service, profile: Profile) -> String {
    let mut service = service.clone();
    for mount in &mut service.volumes {
        if mount.bind.is_some() {
            mount.bind =
                Some(BindOptions { create_host_path: (profile == Profile::Written).then_some(true) });
        }
    }
    digest(&service)
}

/// The hash of a network.
pub fn network(network: &Network) -> String {
    digest(network)
}

/// The hash of a volume.
pub fn volume(volume: &Volume) -> String {
    let mut volume = volume.clone();
    volume.driver.get_or_insert_with(|| "local".to_owned());
    digest(&volume)
}

fn digest(value: &impl Serialize) -> String {
    Sha256::digest(go_json(value).as_bytes())
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
