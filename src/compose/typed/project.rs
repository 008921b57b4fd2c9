//! A project: its services and what they share.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use super::mount::{FileSource, Volume};
use super::network::Network;
use super::service::Service;
use crate::compose::load::{Environment, Read, Request};
use crate::compose::project::{self, Model};
use crate::compose::tree::Node;
use crate::compose::{hash, output};
use crate::failure::Failure;

/// A resolved compose project with its place on the disk.
#[derive(Debug, Clone, Default)]
pub struct Project {
    pub name: String,
    /// The files it was asked to be read from; absolute.
    pub files: Vec<PathBuf>,
    /// What relative paths start from; absolute.
    pub folder: PathBuf,
    /// Variable files named in place of `.env`; absolute.
    pub env_files: Vec<PathBuf>,
    /// Those that the active profiles bring.
    pub services: BTreeMap<String, Service>,
    /// Services that only other profiles bring, with those profiles.
    pub inactive: BTreeMap<String, Vec<String>>,
    pub networks: BTreeMap<String, Network>,
    pub volumes: BTreeMap<String, Volume>,
    pub secrets: BTreeMap<String, FileSource>,
    pub configs: BTreeMap<String, FileSource>,
    /// Holds secrets: never print it.
    pub environment: Environment,
    /// Variables that expressions named and nobody has set.
    pub unset: Vec<String>,
}

impl Project {
    /// Reads the files of a request.
    ///
    /// # Errors
    /// A configuration failure that names the place of what docker compose would refuse.
    pub fn load(request: &Request, read: &mut Read<'_>) -> Result<Self, Failure> {
        Self::of(&project::load(request, read)?, request)
    }

    /// The types of a model.
    pub fn of(model: &Model, request: &Request) -> Result<Self, Failure> {
        let mut services: BTreeMap<String, Service> = section(model, "services")?;
        for (name, node) in model.services() {
            if let Some(service) = services.get_mut(name) {
                service.canonical = node.clone();
            }
        }
        let mut networks: BTreeMap<String, Network> = section(model, "networks")?;
        for (key, node) in model.section("networks") {
            if let Some(network) = networks.get_mut(key) {
                network.hash = hash::network(node);
            }
        }
        let mut volumes: BTreeMap<String, Volume> = section(model, "volumes")?;
        for (key, node) in model.section("volumes") {
            if let Some(volume) = volumes.get_mut(key) {
                volume.hash = hash::volume(node);
            }
        }
        Ok(Self {
            name: model.name.clone(),
            files: request.files.clone(),
            folder: request.directory.clone(),
            env_files: Vec::new(),
            services,
            inactive: model.inactive.clone(),
            networks,
            volumes,
            secrets: section(model, "secrets")?,
            configs: section(model, "configs")?,
            environment: request.environment.clone(),
            unset: model.unset.iter().cloned().collect(),
        })
    }
}

fn section<T: DeserializeOwned>(model: &Model, name: &str) -> Result<BTreeMap<String, T>, Failure> {
    model
        .section(name)
        .map(|(key, node)| {
            typed(node, &[name, key])
                .map(|value| (key.clone(), value))
                .map_err(|error| Failure::config(format!("{name}.{key}: {error}")))
        })
        .collect()
}

fn typed<T: DeserializeOwned>(node: &Node, at: &[&str]) -> Result<T, serde_json::Error> {
    serde_json::from_value(output::part(node, at))
}
