//! `services`, `networks`, `volumes`: what the generated compose file is made of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::Scalar;

/// One container, or several replicas of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What the service is to the checks: app, database, cache, proxy, monitoring, exporter, admin, job, other.
    #[serde(default)]
    pub role: Role,
    /// Off: the service is left out of everything.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The image, pinned. Absent: `build`.
    pub image: Option<String>,
    pub build: Option<Build>,
    pub container_name: Option<String>,
    /// The compose profiles that switch it on. None: always on.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// `uid:gid` or a name in the image. Root is refused by a check.
    pub user: Option<String>,
    pub entrypoint: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    /// Values may hold `${NAME}` of `.env.staging`; such values go to an env file of mode 0600.
    #[serde(default)]
    pub environment: BTreeMap<String, Scalar>,
    /// `[ADDRESS:]HOST:CONTAINER`; without an address on 127.0.0.1.
    #[serde(default)]
    pub ports: Vec<String>,
    #[serde(default)]
    pub networks: Vec<String>,
    /// `SOURCE:TARGET[:ro]`: a named volume or a path relative to `stagectl.yml`.
    #[serde(default)]
    pub volumes: Vec<String>,
    /// `PATH[:options]`.
    #[serde(default)]
    pub tmpfs: Vec<String>,
    #[serde(default = "yes")]
    pub read_only: bool,
    /// Capabilities kept; all others are dropped.
    #[serde(default)]
    pub cap_add: Vec<String>,
    pub health: Option<Health>,
    #[serde(default)]
    pub depends_on: BTreeMap<String, Condition>,
    #[serde(default = "restart")]
    pub restart: String,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default = "one")]
    pub replicas: u32,
    /// How long a stop may take before the kill, such as `30s`.
    pub stop_grace_period: Option<String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Where Prometheus scrapes it.
    pub metrics: Option<Metrics>,
    /// The address to show after a start, such as `http://localhost:5051`.
    pub address: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    App,
    Database,
    Cache,
    Proxy,
    Monitoring,
    Exporter,
    Admin,
    Job,
    #[default]
    Other,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The build context, relative to `stagectl.yml`.
    pub context: String,
    pub dockerfile: Option<String>,
    pub target: Option<String>,
    #[serde(default)]
    pub args: BTreeMap<String, Scalar>,
}

/// A health check. Times as docker compose writes them: `15s`, `1m30s`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// As in compose: `[CMD, …]`, `[CMD-SHELL, …]` or `[NONE]`.
    pub test: Vec<String>,
    #[serde(default = "interval")]
    pub interval: String,
    #[serde(default = "timeout")]
    pub timeout: String,
    #[serde(default = "retries")]
    pub retries: u32,
    #[serde(default = "start_period")]
    pub start_period: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    Healthy,
    Started,
    Completed,
}

/// Upper bounds of a container.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Cores, such as `0.5`.
    pub cpus: f64,
    /// Memory as docker compose writes it: `512m`, `1g`.
    pub memory: String,
    pub pids: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cpus: 1.0, memory: "512m".to_owned(), pids: 200 }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    pub port: u16,
    #[serde(default = "metrics_path")]
    pub path: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// No way in or out of the host at all; ports cannot be published from here alone.
    pub internal: bool,
    /// Off: containers can be reached through published ports but have no way out.
    pub no_egress: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Volume {
    /// The volume's name in the engine. Absent: `{project}_{key}`.
    pub name: Option<String>,
}

fn yes() -> bool {
    true
}
fn one() -> u32 {
    1
}
fn restart() -> String {
    "unless-stopped".to_owned()
}
fn interval() -> String {
    "15s".to_owned()
}
fn timeout() -> String {
    "10s".to_owned()
}
fn retries() -> u32 {
    5
}
fn start_period() -> String {
    "30s".to_owned()
}
fn metrics_path() -> String {
    "/metrics".to_owned()
}
