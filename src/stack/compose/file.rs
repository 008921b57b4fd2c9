//! The mirror of a compose file as people write it: short and long forms, every key that
//! stagectl understands, and no other.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::compose::scalar::{Scalar, Size};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub image: Option<String>,
    pub build: Option<BuildForm>,
    pub container_name: Option<String>,
    #[serde(default)]
    pub profiles: Vec<String>,
    pub user: Option<Scalar>,
    pub entrypoint: Option<Command>,
    pub command: Option<Command>,
    #[serde(default)]
    pub environment: Map,
    #[serde(default)]
    pub env_file: OneOrMany<EnvFile>,
    #[serde(default)]
    pub ports: Vec<Port>,
    #[serde(default)]
    pub expose: Vec<Scalar>,
    #[serde(default)]
    pub networks: Networks,
    pub network_mode: Option<String>,
    #[serde(default)]
    pub volumes: Vec<VolumeMount>,
    #[serde(default)]
    pub tmpfs: OneOrMany<String>,
    #[serde(default)]
    pub read_only: bool,
    #[serde(default)]
    pub privileged: bool,
    #[serde(default)]
    pub cap_drop: Vec<String>,
    #[serde(default)]
    pub cap_add: Vec<String>,
    #[serde(default)]
    pub security_opt: Vec<String>,
    #[serde(default)]
    pub extra_hosts: Map,
    #[serde(default)]
    pub group_add: Vec<Scalar>,
    #[serde(default)]
    pub sysctls: Map,
    #[serde(default)]
    pub ulimits: BTreeMap<String, Ulimit>,
    pub healthcheck: Option<Healthcheck>,
    #[serde(default)]
    pub depends_on: DependsOn,
    pub restart: Option<String>,
    pub mem_limit: Option<Size>,
    pub mem_reservation: Option<Size>,
    pub shm_size: Option<Size>,
    pub cpus: Option<Scalar>,
    pub cpu_shares: Option<i64>,
    pub pids_limit: Option<i64>,
    pub deploy: Option<Deploy>,
    pub scale: Option<u32>,
    pub stop_grace_period: Option<String>,
    pub stop_signal: Option<String>,
    pub logging: Option<Logging>,
    #[serde(default)]
    pub labels: Map,
    pub init: Option<bool>,
    #[serde(default)]
    pub tty: bool,
    #[serde(default)]
    pub stdin_open: bool,
    pub working_dir: Option<String>,
    pub hostname: Option<String>,
    pub platform: Option<String>,
    pub pull_policy: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum BuildForm {
    Context(String),
    Full(Build),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    pub context: String,
    pub dockerfile: Option<String>,
    pub target: Option<String>,
    #[serde(default)]
    pub args: Map,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Command {
    Line(String),
    Words(Vec<Scalar>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    pub fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// `{NAME: value}` or `[NAME=value]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Map {
    Pairs(BTreeMap<String, Option<Scalar>>),
    Lines(Vec<String>),
}

impl Default for Map {
    fn default() -> Self {
        Self::Pairs(BTreeMap::new())
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum EnvFile {
    Path(String),
    Full(EnvFileForm),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvFileForm {
    pub path: String,
    pub required: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Port {
    Short(Scalar),
    Full(PortForm),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortForm {
    pub target: u16,
    pub published: Option<Scalar>,
    pub host_ip: Option<String>,
    pub protocol: Option<String>,
    pub mode: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Networks {
    Names(Vec<String>),
    Full(BTreeMap<String, Option<ServiceNetwork>>),
}

impl Default for Networks {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceNetwork {
    #[serde(default)]
    pub aliases: Vec<String>,
    pub ipv4_address: Option<String>,
    pub priority: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum VolumeMount {
    Short(String),
    Full(VolumeForm),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeForm {
    #[serde(rename = "type")]
    pub kind: String,
    pub source: String,
    pub target: String,
    #[serde(default)]
    pub read_only: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Ulimit {
    Both(i64),
    Each { soft: i64, hard: i64 },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Healthcheck {
    pub test: Option<Command>,
    pub interval: Option<String>,
    pub timeout: Option<String>,
    pub retries: Option<u64>,
    pub start_period: Option<String>,
    pub start_interval: Option<String>,
    #[serde(default)]
    pub disable: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum DependsOn {
    Names(Vec<String>),
    Full(BTreeMap<String, Dependency>),
}

impl Default for DependsOn {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    pub condition: Option<String>,
    #[serde(default)]
    pub restart: bool,
    pub required: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    pub replicas: Option<u32>,
    pub resources: Option<Resources>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    pub limits: Option<Resource>,
    pub reservations: Option<Resource>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    pub cpus: Option<Scalar>,
    pub memory: Option<Size>,
    pub pids: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    pub driver: Option<String>,
    #[serde(default)]
    pub options: BTreeMap<String, Scalar>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    pub name: Option<String>,
    pub driver: Option<String>,
    #[serde(default)]
    pub driver_opts: BTreeMap<String, Scalar>,
    #[serde(default)]
    pub internal: bool,
    #[serde(default)]
    pub attachable: bool,
    #[serde(default)]
    pub external: bool,
    pub ipam: Option<Ipam>,
    #[serde(default)]
    pub labels: Map,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ipam {
    #[serde(default)]
    pub config: Vec<Subnet>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    pub subnet: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    pub name: Option<String>,
    pub driver: Option<String>,
    #[serde(default)]
    pub driver_opts: BTreeMap<String, Scalar>,
    #[serde(default)]
    pub external: bool,
    #[serde(default)]
    pub labels: Map,
}
