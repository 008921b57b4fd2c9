//! What the engine is asked to make, and its translation into the API's words.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard::models as api;
use serde::Serialize;

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
    /// Empty: the engine chooses.
    pub host_port: String,
}

/// A container's place in a network, by the network's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EndpointSpec {
    pub network: String,
    pub aliases: Vec<String>,
    pub ipv4_address: Option<String>,
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
    pub user: Option<String>,
    pub working_dir: Option<String>,
    pub hostname: Option<String>,
    pub ports: Vec<PortSpec>,
    /// Ports as `8080/tcp` that are not published.
    pub expose: Vec<String>,
    /// The first is the one that the container is created in.
    pub networks: Vec<EndpointSpec>,
    /// `host`, `none` and the like; then `networks` is empty.
    pub network_mode: Option<String>,
    /// `source:target:rw`.
    pub binds: Vec<String>,
    /// Path and options.
    pub tmpfs: BTreeMap<String, String>,
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
    pub group_add: Vec<String>,
    pub sysctls: BTreeMap<String, String>,
    pub ulimits: Vec<(String, i64, i64)>,
    /// Bytes; 0 is unlimited.
    pub memory: i64,
    pub memory_reservation: i64,
    pub nano_cpus: i64,
    pub cpu_shares: i64,
    pub pids_limit: i64,
    pub shm_size: i64,
    pub log_driver: Option<String>,
    pub log_options: BTreeMap<String, String>,
    pub stop_signal: Option<String>,
    pub stop_timeout: Option<Duration>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NetworkSpec {
    pub name: String,
    pub driver: Option<String>,
    pub internal: bool,
    pub attachable: bool,
    pub labels: BTreeMap<String, String>,
    pub options: BTreeMap<String, String>,
    pub subnets: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VolumeSpec {
    pub name: String,
    pub driver: Option<String>,
    pub options: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
}

impl ContainerSpec {
    /// The body of the create call, with the first `networks` of the container's networks.
    pub(super) fn body(&self, networks: usize) -> api::ContainerCreateBody {
        let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
        let exposed: Vec<String> = self
            .ports
            .iter()
            .map(|port| format!("{}/{}", port.container_port, port.protocol))
            .chain(self.expose.iter().cloned())
            .collect();
        api::ContainerCreateBody {
            hostname: self.hostname.clone(),
            user: self.user.clone(),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(self.tty),
            open_stdin: Some(self.stdin_open),
            exposed_ports: some(&exposed),
            env: some(&self.env),
            cmd: self.command.clone(),
            entrypoint: self.entrypoint.clone(),
            healthcheck: self.healthcheck.as_ref().map(health_config),
            image: Some(self.image.clone()),
            working_dir: self.working_dir.clone(),
            labels: Some(self.labels.clone().into_iter().collect()),
            stop_signal: self.stop_signal.clone(),
            stop_timeout: self.stop_timeout.map(|grace| grace.as_secs() as i64),
            host_config: Some(self.host_config()),
            networking_config: Some(api::NetworkingConfig {
                endpoints_config: Some(
                    self.networks.iter().take(networks).map(|e| (e.network.clone(), e.settings())).collect(),
                ),
            }),
            ..Default::default()
        }
    }

    fn host_config(&self) -> api::HostConfig {
        let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
        let bytes = |value: i64| (value != 0).then_some(value);
        api::HostConfig {
            memory: bytes(self.memory),
            memory_reservation: bytes(self.memory_reservation),
            nano_cpus: bytes(self.nano_cpus),
            cpu_shares: bytes(self.cpu_shares),
            pids_limit: bytes(self.pids_limit),
            shm_size: bytes(self.shm_size),
            init: self.init,
            binds: some(&self.binds),
            tmpfs: (!self.tmpfs.is_empty()).then(|| self.tmpfs.clone().into_iter().collect()),
            log_config: (self.log_driver.is_some() || !self.log_options.is_empty()).then(|| {
                api::HostConfigLogConfig {
                    typ: self.log_driver.clone(),
                    config: Some(self.log_options.clone().into_iter().collect()),
                }
            }),
            network_mode: self
                .network_mode
                .clone()
                .or_else(|| self.networks.first().map(|endpoint| endpoint.network.clone())),
            port_bindings: (!self.ports.is_empty()).then(|| self.port_bindings()),
            restart_policy: Some(restart_policy(&self.restart)),
            cap_add: some(&self.cap_add),
            cap_drop: some(&self.cap_drop),
            security_opt: some(&self.security_opt),
            extra_hosts: some(&self.extra_hosts),
            group_add: some(&self.group_add),
            sysctls: (!self.sysctls.is_empty()).then(|| self.sysctls.clone().into_iter().collect()),
            ulimits: (!self.ulimits.is_empty()).then(|| {
                let limit = |(name, soft, hard): &(String, i64, i64)| api::ResourcesUlimits {
                    name: Some(name.clone()),
                    soft: Some(*soft),
                    hard: Some(*hard),
                };
                self.ulimits.iter().map(limit).collect()
            }),
            readonly_rootfs: Some(self.read_only),
            privileged: Some(self.privileged),
            ..Default::default()
        }
    }

    fn port_bindings(&self) -> api::PortMap {
        let mut map: HashMap<String, Option<Vec<api::PortBinding>>> = HashMap::new();
        for port in &self.ports {
            map.entry(format!("{}/{}", port.container_port, port.protocol))
                .or_default()
                .get_or_insert_default()
                .push(api::PortBinding {
                    host_ip: Some(port.address.clone()),
                    host_port: Some(port.host_port.clone()),
                });
        }
        map
    }
}

impl EndpointSpec {
    pub(super) fn settings(&self) -> api::EndpointSettings {
        api::EndpointSettings {
            aliases: Some(self.aliases.clone()),
            ipam_config: self.ipv4_address.as_ref().map(|address| api::EndpointIpamConfig {
                ipv4_address: Some(address.clone()),
                ..Default::default()
            }),
            ..Default::default()
        }
    }
}

fn health_config(check: &Healthcheck) -> api::HealthConfig {
    let nanos = |time: Option<Duration>| time.map(|time| time.as_nanos() as i64);
    api::HealthConfig {
        test: (!check.test.is_empty()).then(|| check.test.clone()),
        interval: nanos(check.interval),
        timeout: nanos(check.timeout),
        retries: check.retries.map(|count| count as i64),
        start_period: nanos(check.start_period),
        start_interval: nanos(check.start_interval),
    }
}

fn restart_policy(text: &str) -> api::RestartPolicy {
    use api::RestartPolicyNameEnum as Name;
    let (name, count) = text.split_once(':').unwrap_or((text, ""));
    let name = match name {
        "always" => Name::ALWAYS,
        "unless-stopped" => Name::UNLESS_STOPPED,
        "on-failure" => Name::ON_FAILURE,
        _ => Name::NO,
    };
    api::RestartPolicy { name: Some(name), maximum_retry_count: count.parse().ok() }
}
