//! What the engine is asked to make; [`body`] and [`network`] put it into the API's words.

mod body;
mod limits;
mod network;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

pub use limits::{BlockDevice, BlockIo, Device, DeviceRequest, Limits};
pub use network::{EndpointSpec, NetworkSpec, SubnetSpec, VolumeSpec};

/// A health check. `None` leaves the image's or the engine's value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Healthcheck {
    /// `[CMD, …]`, `[CMD-SHELL, …]` or `[NONE]`.
    pub test: Vec<String>,
    pub interval: Option<Duration>,
    pub timeout: Option<Duration>,
    pub retries: Option<u64>,
    pub start_period: Option<Duration>,
    pub start_interval: Option<Duration>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PortSpec {
    pub container_port: u16,
    pub protocol: String,
    pub address: String,
    /// A port or a range; empty: the engine chooses.
    pub host_port: String,
}

/// A mount with more to say than [`ContainerSpec::binds`] can.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MountSpec {
    /// `bind`, `volume`, `tmpfs` or `image`.
    pub kind: String,
    /// A path, a volume or an image; empty: a volume without a name.
    pub source: String,
    pub target: String,
    pub read_only: bool,
    pub consistency: Option<String>,
    pub propagation: Option<String>,
    /// `enabled`, `disabled`, `writable` or `readonly`.
    pub recursive: Option<String>,
    pub nocopy: bool,
    pub subpath: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// Bytes; 0 is unlimited.
    pub size: i64,
    /// Permission bits; 0 is the engine's default.
    pub mode: u32,
}

/// A file that is put into the created container. Holds secrets: only its place is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileSpec {
    /// Absolute, in the container.
    pub target: String,
    pub uid: u64,
    pub gid: u64,
    /// Permission bits.
    pub mode: u32,
    #[serde(skip)]
    pub content: Vec<u8>,
}

/// A container to create.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ContainerSpec {
    pub name: String,
    pub image: String,
    pub platform: Option<String>,
    /// `None`: the image's.
    pub command: Option<Vec<String>>,
    pub entrypoint: Option<Vec<String>>,
    /// `NAME=value`. Holds secrets: never print it.
    #[serde(skip)]
    pub env: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub user: Option<String>,
    pub working_dir: Option<String>,
    pub hostname: Option<String>,
    pub domainname: Option<String>,
    pub ports: Vec<PortSpec>,
    /// Ports as `8080/tcp` that are not published.
    pub expose: Vec<String>,
    /// The first is the one that the container is created in.
    pub networks: Vec<EndpointSpec>,
    /// `host`, `none`, `container:ID` and the like; then `networks` is empty.
    pub network_mode: Option<String>,
    pub ipc_mode: Option<String>,
    pub pid_mode: Option<String>,
    pub uts_mode: Option<String>,
    pub userns_mode: Option<String>,
    /// `host` or `private`.
    pub cgroup_mode: Option<String>,
    pub cgroup_parent: Option<String>,
    /// `source:target:rw`.
    pub binds: Vec<String>,
    pub mounts: Vec<MountSpec>,
    /// Containers whose mounts it has too, as `ID` or `ID:ro`.
    pub volumes_from: Vec<String>,
    /// Path and options.
    pub tmpfs: BTreeMap<String, String>,
    pub files: Vec<FileSpec>,
    pub healthcheck: Option<Healthcheck>,
    /// `no`, `always`, `unless-stopped`, `on-failure[:N]`.
    pub restart: String,
    pub read_only: bool,
    pub privileged: bool,
    pub init: Option<bool>,
    pub tty: bool,
    pub stdin_open: bool,
    pub cap_add: Vec<String>,
    pub cap_drop: Vec<String>,
    pub security_opt: Vec<String>,
    pub extra_hosts: Vec<String>,
    pub dns: Vec<String>,
    pub dns_opt: Vec<String>,
    pub dns_search: Vec<String>,
    pub group_add: Vec<String>,
    pub sysctls: BTreeMap<String, String>,
    pub storage_opt: BTreeMap<String, String>,
    pub runtime: Option<String>,
    pub limits: Limits,
    pub log_driver: Option<String>,
    pub log_options: BTreeMap<String, String>,
    pub stop_signal: Option<String>,
    pub stop_timeout: Option<Duration>,
}

impl ContainerSpec {
    /// What this engine's API version cannot do, as `words (version)`.
    pub fn beyond(&self, api: (u32, u32)) -> Option<String> {
        let mac = self.networks.iter().any(|network| network.mac_address.is_some());
        let subpath = self.mounts.iter().any(|mount| mount.kind == "volume" && mount.subpath.is_some());
        let image = self.mounts.iter().any(|mount| mount.kind == "image");
        let priority = self.networks.iter().any(|network| network.gw_priority != 0);
        [
            (mac, "a fixed mac_address", (1, 44)),
            (subpath, "a volume's subpath", (1, 45)),
            (image, "a mount of an image", (1, 48)),
            (priority, "gw_priority", (1, 48)),
        ]
        .into_iter()
        .find(|(wanted, _, since)| *wanted && api < *since)
        .map(|(_, what, (major, minor))| format!("{what} needs API {major}.{minor}"))
    }
}
