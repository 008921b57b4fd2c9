//! Networks.

use std::collections::HashMap;

use anyhow::Result;
use bollard::query_parameters::ListNetworksOptions;

use super::spec::NetworkSpec;
use super::{Engine, Network, failed, inspect, is_missing};

impl Engine {
    /// Every network of the engine, by name, without its containers.
    pub async fn all_networks(&self) -> Result<Vec<Network>> {
        self.networks_with(HashMap::new()).await
    }

    /// Every network of a compose project, by name, without its containers.
    pub async fn project_networks(&self, project: &str) -> Result<Vec<Network>> {
        let label = format!("com.docker.compose.project={project}");
        self.networks_with(HashMap::from([("label".to_owned(), vec![label])])).await
    }

    async fn networks_with(&self, filters: HashMap<String, Vec<String>>) -> Result<Vec<Network>> {
        let options = ListNetworksOptions { filters: Some(filters) };
        let list =
            self.docker.list_networks(Some(options)).await.map_err(|error| failed("list networks", error))?;
        let mut networks: Vec<Network> = list.into_iter().map(inspect::network).collect();
        networks.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(networks)
    }

    /// A network by id or name, with the containers in it.
    pub async fn network(&self, id: &str) -> Result<Option<Network>> {
        match self.docker.inspect_network(id, None).await {
            Ok(raw) => Ok(Some(inspect::network_inspect(raw))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed(&format!("inspect network {id}"), error)),
        }
    }

    pub async fn create_network(&self, spec: &NetworkSpec) -> Result<()> {
        self.docker
            .create_network(spec.request())
            .await
            .map(drop)
            .map_err(|error| failed(&format!("create network {}", spec.name), error))
    }

    /// Removes a network. One that is gone is fine.
    pub async fn remove_network(&self, name: &str) -> Result<()> {
        match self.docker.remove_network(name).await {
            Ok(()) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(failed(&format!("remove network {name}"), error)),
        }
    }
}
