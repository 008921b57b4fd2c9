//! What the engine holds, in plain words and without optional layers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::spec::Healthcheck;

/// A container, as a full inspect shows it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Container {
    pub id: String,
    /// Without the leading slash.
    pub name: String,
    /// The image as it was asked for.
    pub image: String,
    /// The image's id, `sha256:…`.
    pub image_id: String,
    pub labels: BTreeMap<String, String>,
    pub state: State,
    pub user: String,
    /// `NAME=value`. May hold secrets: never print it.
    #[serde(skip)]
    pub env: Vec<String>,
    pub command: Vec<String>,
    pub entrypoint: Vec<String>,
    /// The check of the container's config, the image's own included.
    pub healthcheck: Option<Healthcheck>,
    /// By network name.
    pub networks: BTreeMap<String, Endpoint>,
    pub ports: Vec<Published>,
    pub mounts: Vec<Mount>,
    pub host: Host,
}

impl Container {
    /// A label's value; empty when it is not set.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    pub fn service(&self) -> &str {
        self.label("com.docker.compose.service")
    }

    pub fn project(&self) -> &str {
        self.label("com.docker.compose.project")
    }

    /// A variable of its environment. May be a secret: never print it.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
    }

    /// The first 12 characters of the id.
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

/// A container, as the list shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ContainerSummary {
    pub id: String,
    pub name: String,
    pub image: String,
    pub labels: BTreeMap<String, String>,
    /// `created`, `running`, `exited`, …
    pub status: String,
    /// What it publishes; empty while it does not run.
    pub ports: Vec<Published>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    pub status: String,
    pub running: bool,
    /// The process on the host; 0 when it does not run.
    pub pid: i64,
    pub exit_code: i64,
    /// Why the engine could not start it.
    pub error: String,
    pub oom_killed: bool,
    /// RFC 3339; the year 0001 when never.
    pub started_at: String,
    pub finished_at: String,
    pub restart_count: i64,
    /// `None` without a health check.
    pub health: Option<Health>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// `starting`, `healthy` or `unhealthy`.
    pub status: String,
    pub failing_streak: i64,
    /// The last probes, oldest first.
    pub log: Vec<Probe>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Probe {
    pub exit_code: i64,
    pub output: String,
}

/// A container's place in a network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    pub network_id: String,
    pub address: String,
    pub aliases: Vec<String>,
}

/// A container port that the host answers for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Published {
    pub container_port: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
    pub address: String,
    pub host_port: u16,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// `bind`, `volume` or `tmpfs`.
    pub kind: String,
    /// A volume's name; empty for others.
    pub name: String,
    /// The path on the host.
    pub source: String,
    pub target: String,
    pub writable: bool,
}

/// What the engine allows the container.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Host {
    /// Bytes; 0 is unlimited.
    pub memory: i64,
    /// Billionths of a core; 0 is unlimited.
    pub nano_cpus: i64,
    /// 0 is unlimited.
    pub pids_limit: i64,
    pub read_only: bool,
    pub privileged: bool,
    pub cap_add: Vec<String>,
    pub cap_drop: Vec<String>,
    pub security_opt: Vec<String>,
    pub network_mode: String,
    pub pid_mode: String,
    pub ipc_mode: String,
    /// `no`, `always`, `unless-stopped` or `on-failure`.
    pub restart: String,
    pub log: LogDriver,
    /// Path and options.
    pub tmpfs: BTreeMap<String, String>,
    pub binds: Vec<String>,
    /// The ports that it asks the host for, also while it is stopped.
    pub wanted_ports: Vec<Published>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LogDriver {
    pub driver: String,
    pub options: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Network {
    pub id: String,
    pub name: String,
    pub driver: String,
    pub internal: bool,
    pub labels: BTreeMap<String, String>,
    pub options: BTreeMap<String, String>,
    /// The names of the containers in it; only an inspect fills it, not a list.
    pub containers: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Volume {
    pub name: String,
    pub driver: String,
    pub mountpoint: String,
    pub labels: BTreeMap<String, String>,
    pub options: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct ImageInfo {
    /// `sha256:…`.
    pub id: String,
    pub tags: Vec<String>,
    /// `name@sha256:…`, of images that came from a registry.
    pub digests: Vec<String>,
    pub user: String,
    /// May hold secrets somebody baked in: never print it.
    #[serde(skip)]
    pub env: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub healthcheck: Option<Healthcheck>,
    pub exposed_ports: Vec<String>,
    /// Bytes.
    pub size: i64,
}
