//! Containers: listed with their full inspect, made, started, stopped, removed.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use bollard::models::NetworkConnectRequest;
use bollard::query_parameters::{
    CreateContainerOptions, ListContainersOptions, RemoveContainerOptions, RenameContainerOptions,
    StopContainerOptions, WaitContainerOptions,
};
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::failure::Failure;

use super::spec::{ContainerSpec, EndpointSpec};
use super::{Container, ContainerSummary, Engine, failed, inspect, is_already, is_being_removed, is_missing};

/// How long the engine may take to remove a container.
const REMOVAL: Duration = Duration::from_secs(30);

/// How many inspects run at once.
const PARALLEL: usize = 16;

impl Engine {
    /// Every container of a compose project, running or not, by name.
    pub async fn project_containers(&self, project: &str) -> Result<Vec<Container>> {
        let label = format!("com.docker.compose.project={project}");
        let options = ListContainersOptions {
            all: true,
            filters: Some(HashMap::from([("label".to_owned(), vec![label])])),
            ..Default::default()
        };
        let list = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(|error| failed("list containers", error))?;
        self.inspect_all(list.into_iter().filter_map(|entry| entry.id)).await
    }

    /// Every container of the engine, running or not, by name: one call, without inspects.
    pub async fn all_containers(&self) -> Result<Vec<ContainerSummary>> {
        let options = ListContainersOptions { all: true, ..Default::default() };
        let list = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(|error| failed("list containers", error))?;
        let mut containers: Vec<ContainerSummary> = list.into_iter().map(inspect::summary).collect();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(containers)
    }

    /// Full inspects of containers, in parallel, by name. One that is gone is left out.
    pub async fn inspect_all(&self, ids: impl IntoIterator<Item = String>) -> Result<Vec<Container>> {
        let mut containers: Vec<Container> = futures_util::stream::iter(ids)
            .map(async |id| self.container(&id).await)
            .buffer_unordered(PARALLEL)
            .try_collect::<Vec<_>>()
            .await?
            .into_iter()
            .flatten()
            .collect();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(containers)
    }

    /// A container by id or name; `None` when there is none.
    pub async fn container(&self, id: &str) -> Result<Option<Container>> {
        match self.docker.inspect_container(id, None).await {
            Ok(raw) => Ok(Some(inspect::container(raw))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed(&format!("inspect container {id}"), error)),
        }
    }

    /// Creates a container in all its networks, with its files in it, and returns its id.
    pub async fn create_container(&self, spec: &ContainerSpec) -> Result<String> {
        let what = format!("create container {}", spec.name);
        let at_create = if self.several_networks_at_create() { spec.networks.len() } else { 1 };
        let options = CreateContainerOptions {
            name: Some(spec.name.clone()),
            platform: spec.platform.clone().unwrap_or_default(),
        };
        let created = self
            .docker
            .create_container(Some(options), spec.body(at_create))
            .await
            .map_err(|error| failed(&what, error))?;
        for endpoint in spec.networks.iter().skip(at_create) {
            if let Err(error) = self.connect_container(&created.id, endpoint).await {
                // A container that is only in some of its networks must not stay.
                let _ = self.remove_container(&created.id).await;
                return Err(error);
            }
        }
        if !spec.files.is_empty()
            && let Err(error) = self.copy_in(&created.id, &spec.files).await
        {
            let _ = self.remove_container(&created.id).await;
            return Err(error);
        }
        Ok(created.id)
    }

    pub async fn connect_container(&self, container: &str, endpoint: &EndpointSpec) -> Result<()> {
        let request = NetworkConnectRequest {
            container: container.to_owned(),
            endpoint_config: Some(endpoint.settings()),
        };
        self.docker
            .connect_network(&endpoint.network, request)
            .await
            .map_err(|error| failed(&format!("connect to network {}", endpoint.network), error))
    }

    pub async fn start_container(&self, id: &str) -> Result<()> {
        match self.docker.start_container(id, None).await {
            Ok(()) => Ok(()),
            Err(error) if is_already(&error) => Ok(()),
            Err(error) => Err(failed("start container", error)),
        }
    }

    /// Stops a container. `grace` is how long it may take before the kill; `None` is its own.
    pub async fn stop_container(&self, id: &str, grace: Option<Duration>) -> Result<()> {
        let options = StopContainerOptions { t: grace.map(|grace| grace.as_secs() as i32), signal: None };
        match self.docker.stop_container(id, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if is_already(&error) || is_missing(&error) => Ok(()),
            Err(error) => Err(failed("stop container", error)),
        }
    }

    /// Removes a container, running or not, with its anonymous volumes. One that is gone is fine.
    pub async fn remove_container(&self, id: &str) -> Result<()> {
        let options = RemoveContainerOptions { force: true, v: true, link: false };
        match self.docker.remove_container(id, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) if is_being_removed(&error) => self.wait_until_gone(id).await,
            Err(error) => Err(failed("remove container", error)),
        }
    }

    /// Until the removal that somebody else began is over, so that the name is free again.
    async fn wait_until_gone(&self, id: &str) -> Result<()> {
        let options = WaitContainerOptions { condition: "removed".to_owned() };
        let mut removal = self.docker.wait_container(id, Some(options));
        let Ok(ended) = tokio::time::timeout(REMOVAL, removal.next()).await else {
            return Err(Failure::failed(format!(
                "container {id} is being removed, but not within {} s",
                REMOVAL.as_secs()
            ))
            .into());
        };
        match ended {
            // The code is that with which it ended, which says nothing about its removal.
            None | Some(Ok(_) | Err(bollard::errors::Error::DockerContainerWaitError { .. })) => Ok(()),
            Some(Err(error)) if is_missing(&error) => Ok(()),
            Some(Err(error)) => Err(failed("wait until a container is removed", error)),
        }
    }

    pub async fn rename_container(&self, id: &str, name: &str) -> Result<()> {
        let options = RenameContainerOptions { name: name.to_owned() };
        self.docker
            .rename_container(id, options)
            .await
            .map_err(|error| failed(&format!("rename container to {name}"), error))
    }
}
