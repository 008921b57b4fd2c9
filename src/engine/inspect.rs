//! What the engine says about a project's containers, in plain words of our own.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{
    InspectContainerOptions, ListContainersOptions, ListNetworksOptions, ListVolumesOptions, TopOptions,
};
use futures_util::future::try_join_all;

use super::Engine;

/// The label by which docker compose and stagectl know a project's things.
const PROJECT: &str = "com.docker.compose.project";

/// A container as it is now.
#[derive(Debug, Clone, Default)]
pub struct Inspected {
    pub id: String,
    pub name: String,
    /// The compose service's name.
    pub service: String,
    /// The image's reference as it was asked for, and its id.
    pub image: String,
    pub image_id: String,
    pub running: bool,
    pub restarting: bool,
    pub oom_killed: bool,
    pub exit_code: i64,
    pub restart_count: i64,
    /// `healthy`, `unhealthy`, `starting`; absent without a health check.
    pub health: Option<String>,
    pub failing_streak: i64,
    /// What the last probe printed.
    pub last_probe: String,
    pub user: String,
    pub env: BTreeMap<String, String>,
    pub command: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub mounts: Vec<Mounted>,
    /// Network name to address in it.
    pub networks: BTreeMap<String, String>,
    pub ports: Vec<Published>,
    pub security: Confinement,
    pub limits: Bounds,
    pub log_driver: String,
    pub log_options: BTreeMap<String, String>,
    pub restart_policy: String,
}

/// What a container may do to its host.
#[derive(Debug, Clone, Default)]
pub struct Confinement {
    pub privileged: bool,
    pub cap_add: Vec<String>,
    pub cap_drop: Vec<String>,
    pub security_opt: Vec<String>,
    pub read_only: bool,
    /// Mount point to options.
    pub tmpfs: BTreeMap<String, String>,
    pub pid_mode: String,
    pub network_mode: String,
    pub ipc_mode: String,
    pub userns_mode: String,
    pub devices: Vec<String>,
}

/// Upper bounds; 0 is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    pub memory_bytes: i64,
    pub nano_cpus: i64,
    pub pids: i64,
}

#[derive(Debug, Clone, Default)]
pub struct Mounted {
    /// `bind`, `volume` or `tmpfs`.
    pub kind: String,
    /// A volume's name.
    pub name: Option<String>,
    pub source: String,
    pub target: String,
    pub writable: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    pub container: u16,
    pub address: String,
    pub host: u16,
}

#[derive(Debug, Clone, Default)]
pub struct InspectedNetwork {
    /// The name in the engine and the key in the compose file.
    pub name: String,
    pub key: String,
    pub internal: bool,
    pub options: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default)]
pub struct InspectedVolume {
    pub name: String,
    pub mountpoint: String,
}

impl Engine {
    /// Every container of a project, stopped ones included, by name. One list, then all inspections at once.
    pub async fn inspect_project(&self, project: &str) -> Result<Vec<Inspected>> {
        let options = ListContainersOptions {
            all: true,
            filters: Some(of(project)),
            ..ListContainersOptions::default()
        };
        let list = self.docker.list_containers(Some(options)).await.context("list the containers")?;
        let ids: Vec<String> = list.into_iter().filter_map(|container| container.id).collect();
        let each = ids.iter().map(|id| async move {
            self.docker
                .inspect_container(id, None::<InspectContainerOptions>)
                .await
                .with_context(|| format!("inspect container {id}"))
        });
        let mut all: Vec<Inspected> = try_join_all(each).await?.into_iter().map(inspected).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    pub async fn project_networks(&self, project: &str) -> Result<Vec<InspectedNetwork>> {
        let options = ListNetworksOptions { filters: Some(of(project)) };
        let list = self.docker.list_networks(Some(options)).await.context("list the networks")?;
        Ok(list
            .into_iter()
            .map(|network| InspectedNetwork {
                name: network.name.unwrap_or_default(),
                key: network
                    .labels
                    .and_then(|labels| labels.get("com.docker.compose.network").cloned())
                    .unwrap_or_default(),
                internal: network.internal.unwrap_or_default(),
                options: network.options.unwrap_or_default().into_iter().collect(),
            })
            .collect())
    }

    pub async fn project_volumes(&self, project: &str) -> Result<Vec<InspectedVolume>> {
        let options = ListVolumesOptions { filters: Some(of(project)) };
        let list = self.docker.list_volumes(Some(options)).await.context("list the volumes")?;
        let volumes = list.volumes.unwrap_or_default().into_iter();
        Ok(volumes
            .map(|volume| InspectedVolume { name: volume.name, mountpoint: volume.mountpoint })
            .collect())
    }

    /// The user ids of a container's processes, as its host sees them.
    pub async fn process_users(&self, container: &str) -> Result<Vec<u32>> {
        let options = TopOptions { ps_args: "-eo uid,pid".to_owned() };
        let top = self
            .docker
            .top_processes(container, Some(options))
            .await
            .with_context(|| format!("list the processes of {container}"))?;
        let users = top.processes.unwrap_or_default();
        Ok(users.iter().filter_map(|columns| columns.first()?.trim().parse().ok()).collect())
    }
}

fn of(project: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{PROJECT}={project}")])])
}

fn inspected(from: ContainerInspectResponse) -> Inspected {
    let state = from.state.unwrap_or_default();
    let config = from.config.unwrap_or_default();
    let host = from.host_config.unwrap_or_default();
    let network = from.network_settings.unwrap_or_default();
    let labels: BTreeMap<String, String> = config.labels.unwrap_or_default().into_iter().collect();
    let health = state.health.unwrap_or_default();
    let probes = health.log.unwrap_or_default();
    let ports = network.ports.unwrap_or_default();
    let log = host.log_config.unwrap_or_default();
    Inspected {
        id: from.id.unwrap_or_default(),
        name: from.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        service: labels.get("com.docker.compose.service").cloned().unwrap_or_default(),
        image: config.image.unwrap_or_default(),
        image_id: from.image.unwrap_or_default(),
        running: state.running.unwrap_or_default(),
        restarting: state.restarting.unwrap_or_default(),
        oom_killed: state.oom_killed.unwrap_or_default(),
        exit_code: state.exit_code.unwrap_or_default(),
        restart_count: from.restart_count.unwrap_or_default(),
        health: health.status.map(|s| s.to_string()).filter(|s| !s.is_empty() && s != "none"),
        failing_streak: health.failing_streak.unwrap_or_default(),
        last_probe: probes.into_iter().last().and_then(|probe| probe.output).unwrap_or_default(),
        user: config.user.unwrap_or_default(),
        env: config
            .env
            .unwrap_or_default()
            .into_iter()
            .filter_map(|line| line.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())))
            .collect(),
        command: config.cmd.unwrap_or_default(),
        labels,
        mounts: from
            .mounts
            .unwrap_or_default()
            .into_iter()
            .map(|mount| Mounted {
                kind: mount.typ.unwrap_or_default(),
                name: mount.name,
                source: mount.source.unwrap_or_default(),
                target: mount.destination.unwrap_or_default(),
                writable: mount.rw.unwrap_or_default(),
            })
            .collect(),
        networks: network
            .networks
            .unwrap_or_default()
            .into_iter()
            .map(|(name, end)| (name, end.ip_address.unwrap_or_default()))
            .collect(),
        ports: ports.into_iter().flat_map(|(port, bindings)| published(&port, bindings)).collect(),
        limits: Bounds {
            memory_bytes: host.memory.unwrap_or_default(),
            nano_cpus: host.nano_cpus.unwrap_or_default(),
            pids: host.pids_limit.unwrap_or_default(),
        },
        log_driver: log.typ.unwrap_or_default(),
        log_options: log.config.unwrap_or_default().into_iter().collect(),
        restart_policy: host
            .restart_policy
            .and_then(|policy| policy.name)
            .map(|name| name.to_string())
            .unwrap_or_default(),
        security: Confinement {
            privileged: host.privileged.unwrap_or_default(),
            cap_add: host.cap_add.unwrap_or_default(),
            cap_drop: host.cap_drop.unwrap_or_default(),
            security_opt: host.security_opt.unwrap_or_default(),
            read_only: host.readonly_rootfs.unwrap_or_default(),
            tmpfs: host.tmpfs.unwrap_or_default().into_iter().collect(),
            pid_mode: host.pid_mode.unwrap_or_default(),
            network_mode: host.network_mode.unwrap_or_default(),
            ipc_mode: host.ipc_mode.unwrap_or_default(),
            userns_mode: host.userns_mode.unwrap_or_default(),
            devices: host
                .devices
                .unwrap_or_default()
                .into_iter()
                .filter_map(|device| device.path_on_host)
                .collect(),
        },
    }
}

fn published(port: &str, bindings: Option<Vec<bollard::models::PortBinding>>) -> Vec<Published> {
    let container = port.split('/').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    bindings
        .unwrap_or_default()
        .into_iter()
        .filter_map(|binding| {
            Some(Published {
                container,
                address: binding.host_ip.unwrap_or_default(),
                host: binding.host_port?.parse().ok()?,
            })
        })
        .collect()
}
