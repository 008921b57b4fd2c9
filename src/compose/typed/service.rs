//! A service, with every key that a container is made from.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::lifecycle::{Dependency, Healthcheck, Hook, Logging};
use super::limits::{BlockIo, Deploy, Device, DeviceRequest, Ulimit};
use super::mount::{FileUse, Mount};
use super::network::{Port, ServiceNetwork};
use super::number::{Bytes, Cores, Text, Time};
use crate::compose::hash::{self, Profile};
use crate::compose::tree::Node;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    /// The canonical form that the rest was read from, and that is hashed.
    #[serde(skip)]
    pub canonical: Node,

    pub annotations: BTreeMap<String, String>,
    pub blkio_config: BlockIo,
    pub build: Option<Build>,
    pub cap_add: Vec<String>,
    pub cap_drop: Vec<String>,
    pub cgroup: Option<String>,
    pub cgroup_parent: Option<String>,
    pub command: Option<Vec<String>>,
    pub configs: Vec<FileUse>,
    pub container_name: Option<String>,
    pub cpu_count: i64,
    pub cpu_percent: f32,
    pub cpu_period: i64,
    pub cpu_quota: i64,
    pub cpu_rt_period: i64,
    pub cpu_rt_runtime: i64,
    pub cpu_shares: i64,
    pub cpus: Cores,
    pub cpuset: Option<Text>,
    pub credential_spec: Option<IgnoredAny>,
    pub depends_on: BTreeMap<String, Dependency>,
    pub deploy: Option<Deploy>,
    pub device_cgroup_rules: Vec<String>,
    pub devices: Vec<Device>,
    pub dns: Vec<String>,
    pub dns_opt: Vec<String>,
    pub dns_search: Vec<String>,
    pub domainname: Option<String>,
    pub entrypoint: Option<Vec<String>>,
    /// With the env files in it. Holds secrets: never print it.
    pub environment: BTreeMap<String, Option<String>>,
    pub expose: Vec<String>,
    pub external_links: Vec<String>,
    /// `host=address`.
    pub extra_hosts: Vec<String>,
    pub gpus: Vec<DeviceRequest>,
    pub group_add: Vec<Text>,
    pub healthcheck: Option<Healthcheck>,
    pub hostname: Option<String>,
    pub image: Option<String>,
    pub init: Option<bool>,
    pub ipc: Option<String>,
    pub isolation: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub links: Vec<String>,
    pub logging: Option<Logging>,
    pub mac_address: Option<String>,
    pub mem_limit: Bytes,
    pub mem_reservation: Bytes,
    pub mem_swappiness: Option<Bytes>,
    pub memswap_limit: Bytes,
    pub models: Option<IgnoredAny>,
    pub network_mode: Option<String>,
    pub networks: BTreeMap<String, Option<ServiceNetwork>>,
    pub oom_kill_disable: bool,
    pub oom_score_adj: i64,
    pub pid: Option<String>,
    pub pids_limit: i64,
    pub platform: Option<String>,
    pub ports: Vec<Port>,
    pub post_start: Vec<Hook>,
    pub pre_stop: Vec<Hook>,
    pub privileged: bool,
    pub profiles: Vec<String>,
    pub provider: Option<IgnoredAny>,
    pub pull_policy: Option<String>,
    pub read_only: bool,
    pub restart: Option<String>,
    pub runtime: Option<String>,
    pub scale: Option<u32>,
    pub secrets: Vec<FileUse>,
    pub security_opt: Vec<String>,
    pub shm_size: Bytes,
    pub stdin_open: bool,
    pub stop_grace_period: Option<Time>,
    pub stop_signal: Option<String>,
    pub storage_opt: BTreeMap<String, Text>,
    pub sysctls: BTreeMap<String, String>,
    pub tmpfs: Vec<String>,
    pub tty: bool,
    pub ulimits: BTreeMap<String, Ulimit>,
    pub use_api_socket: bool,
    pub user: Option<Text>,
    pub userns_mode: Option<String>,
    pub uts: Option<String>,
    pub volumes: Vec<Mount>,
    pub volumes_from: Vec<String>,
    pub working_dir: Option<String>,
}

/// What an image is built from; the rest of `build` is for whoever builds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Build {
    /// Absolute, or a URL.
    pub context: String,
    pub dockerfile: Option<String>,
    pub target: Option<String>,
}

impl Service {
    /// How many containers it has.
    pub fn replicas(&self) -> u32 {
        self.deploy.as_ref().and_then(|deploy| deploy.replicas).or(self.scale).unwrap_or(1)
    }

    /// The hash that docker compose labels its containers with.
    pub fn hash(&self, profile: Profile) -> String {
        hash::service(&self.canonical, profile)
    }

    /// The service's networks, the one it is created in first: priority down, then name.
    pub fn networks_by_priority(&self) -> Vec<(&str, Option<&ServiceNetwork>)> {
        let mut list: Vec<_> =
            self.networks.iter().map(|(key, options)| (key.as_str(), options.as_ref())).collect();
        list.sort_by_key(|(key, options)| (-options.map_or(0, |o| o.priority), *key));
        list
    }
}
