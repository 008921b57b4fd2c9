//! Networks and volumes in their canonical form: named, with their options as text.

use super::file;
use super::model::{Ipam, Network, Subnet, Volume};
use super::normalise::text_map;
use crate::failure::Failure;

pub fn network(project: &str, key: &str, raw: file::Network) -> Result<Network, Failure> {
    if raw.external && raw.name.is_none() {
        return Err(Failure::config("an external network needs its `name`"));
    }
    Ok(Network {
        name: raw.name.unwrap_or_else(|| format!("{project}_{key}")),
        driver: raw.driver,
        driver_opts: raw.driver_opts.into_iter().map(|(key, value)| (key, value.0)).collect(),
        ipam: Ipam {
            config: raw
                .ipam
                .unwrap_or_default()
                .config
                .into_iter()
                .map(|subnet| Subnet { subnet: subnet.subnet })
                .collect(),
        },
        external: raw.external,
        internal: raw.internal,
        attachable: raw.attachable,
        labels: text_map(raw.labels),
    })
}

pub fn volume(project: &str, key: &str, raw: file::Volume) -> Result<Volume, Failure> {
    if raw.external && raw.name.is_none() {
        return Err(Failure::config("an external volume needs its `name`"));
    }
    Ok(Volume {
        name: raw.name.unwrap_or_else(|| format!("{project}_{key}")),
        driver: raw.driver,
        driver_opts: raw.driver_opts.into_iter().map(|(key, value)| (key, value.0)).collect(),
        external: raw.external,
        labels: text_map(raw.labels),
    })
}
