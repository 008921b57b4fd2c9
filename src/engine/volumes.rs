//! Volumes.

use std::collections::HashMap;

use anyhow::Result;
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::ListVolumesOptions;

use super::spec::VolumeSpec;
use super::{Engine, Volume, failed, inspect, is_missing};

impl Engine {
    /// Every volume of the engine, by name.
    pub async fn all_volumes(&self) -> Result<Vec<Volume>> {
        self.volumes_with(HashMap::new()).await
    }

    /// Every volume of a compose project, by name.
    pub async fn project_volumes(&self, project: &str) -> Result<Vec<Volume>> {
        let label = format!("com.docker.compose.project={project}");
        self.volumes_with(HashMap::from([("label".to_owned(), vec![label])])).await
    }

    async fn volumes_with(&self, filters: HashMap<String, Vec<String>>) -> Result<Vec<Volume>> {
        let options = ListVolumesOptions { filters: Some(filters) };
        let list =
            self.docker.list_volumes(Some(options)).await.map_err(|error| failed("list volumes", error))?;
        let mut volumes: Vec<Volume> =
            list.volumes.unwrap_or_default().into_iter().map(inspect::volume).collect();
        volumes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(volumes)
    }

    pub async fn volume(&self, name: &str) -> Result<Option<Volume>> {
        match self.docker.inspect_volume(name).await {
            Ok(raw) => Ok(Some(inspect::volume(raw))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed(&format!("inspect volume {name}"), error)),
        }
    }

    pub async fn create_volume(&self, spec: &VolumeSpec) -> Result<()> {
        let request = VolumeCreateRequest {
            name: Some(spec.name.clone()),
            driver: spec.driver.clone(),
            driver_opts: Some(spec.options.clone().into_iter().collect()),
            labels: Some(spec.labels.clone().into_iter().collect()),
            ..Default::default()
        };
        self.docker
            .create_volume(request)
            .await
            .map(drop)
            .map_err(|error| failed(&format!("create volume {}", spec.name), error))
    }

    /// Removes a volume and what is in it. One that is gone is fine.
    pub async fn remove_volume(&self, name: &str) -> Result<()> {
        match self.docker.remove_volume(name, None::<bollard::query_parameters::RemoveVolumeOptions>).await {
            Ok(()) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(failed(&format!("remove volume {name}"), error)),
        }
    }
}
