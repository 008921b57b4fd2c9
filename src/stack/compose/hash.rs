//! The config hashes of docker compose, computed without it.
//!
//! A hash is the SHA-256 of the canonical form as Go's encoding/json writes it. What compose
//! writes changed once in the versions people run, hence the profiles.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::model::{BindOptions, Network, Service, Volume};

pub use crate::compose::hash::Profile;
use crate::compose::hash::go_json;

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
