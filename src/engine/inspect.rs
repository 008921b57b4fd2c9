//! The engine's answers in the words of [`super::model`].

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard::models as api;

use super::model::{
    Container, ContainerSummary, Endpoint, Health, Host, ImageInfo, LogDriver, Mount, Network, Probe,
    Published, State, Volume,
};
use super::spec::Healthcheck;

pub(super) fn container(raw: api::ContainerInspectResponse) -> Container {
    let config = raw.config.unwrap_or_default();
    let settings = raw.network_settings.unwrap_or_default();
    Container {
        id: raw.id.unwrap_or_default(),
        name: raw.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        image: config.image.unwrap_or_default(),
        image_id: raw.image.unwrap_or_default(),
        labels: sorted(config.labels),
        state: state(raw.state.unwrap_or_default(), raw.restart_count),
        user: config.user.unwrap_or_default(),
        env: config.env.unwrap_or_default(),
        command: config.cmd.unwrap_or_default(),
        entrypoint: config.entrypoint.unwrap_or_default(),
        healthcheck: config.healthcheck.and_then(healthcheck),
        networks: settings
            .networks
            .unwrap_or_default()
            .into_iter()
            .map(|(name, endpoint)| (name, self::endpoint(endpoint)))
            .collect(),
        ports: ports(settings.ports.unwrap_or_default()),
        mounts: raw.mounts.unwrap_or_default().into_iter().map(mount).collect(),
        host: host(raw.host_config.unwrap_or_default()),
    }
}

fn sorted(map: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    map.unwrap_or_default().into_iter().collect()
}

fn state(raw: api::ContainerState, restarts: Option<i64>) -> State {
    let health = raw.health.and_then(|health| {
        let status = health.status.map(|status| status.to_string()).unwrap_or_default();
        let log = health.log.unwrap_or_default();
        (!status.is_empty() && status != "none").then(|| Health {
            status,
            failing_streak: health.failing_streak.unwrap_or_default(),
            log: log
                .into_iter()
                .map(|probe| Probe {
                    exit_code: probe.exit_code.unwrap_or_default(),
                    output: probe.output.unwrap_or_default(),
                })
                .collect(),
        })
    });
    State {
        status: raw.status.map(|status| status.to_string()).unwrap_or_default(),
        running: raw.running.unwrap_or_default(),
        pid: raw.pid.unwrap_or_default(),
        exit_code: raw.exit_code.unwrap_or_default(),
        error: raw.error.unwrap_or_default(),
        oom_killed: raw.oom_killed.unwrap_or_default(),
        started_at: raw.started_at.unwrap_or_default(),
        finished_at: raw.finished_at.unwrap_or_default(),
        restart_count: restarts.unwrap_or_default(),
        health,
    }
}

/// `None` for no check at all and for `[NONE]`.
fn healthcheck(raw: api::HealthConfig) -> Option<Healthcheck> {
    let test = raw.test.unwrap_or_default();
    if test.is_empty() || test.first().is_some_and(|kind| kind == "NONE") {
        return None;
    }
    let time = |nanos: Option<i64>| {
        nanos.filter(|&nanos| nanos > 0).map(|nanos| Duration::from_nanos(nanos.unsigned_abs()))
    };
    Some(Healthcheck {
        test,
        interval: time(raw.interval),
        timeout: time(raw.timeout),
        retries: raw.retries.filter(|&count| count > 0).map(i64::unsigned_abs),
        start_period: time(raw.start_period),
        start_interval: time(raw.start_interval),
    })
}

fn endpoint(raw: api::EndpointSettings) -> Endpoint {
    Endpoint {
        network_id: raw.network_id.unwrap_or_default(),
        address: raw.ip_address.unwrap_or_default(),
        aliases: raw.aliases.unwrap_or_default(),
    }
}

fn ports(map: api::PortMap) -> Vec<Published> {
    let mut ports: Vec<Published> = map
        .into_iter()
        .flat_map(|(port, bindings)| {
            let (number, protocol) = port.split_once('/').unwrap_or((&port, "tcp"));
            let container_port = number.parse().unwrap_or_default();
            let protocol = protocol.to_owned();
            bindings.unwrap_or_default().into_iter().map(move |binding| Published {
                container_port,
                protocol: protocol.clone(),
                address: binding.host_ip.unwrap_or_default(),
                host_port: binding.host_port.and_then(|port| port.parse().ok()).unwrap_or_default(),
            })
        })
        .collect();
    ports.sort_by(|a, b| (a.container_port, &a.address).cmp(&(b.container_port, &b.address)));
    ports
}

fn mount(raw: api::MountPoint) -> Mount {
    Mount {
        kind: raw.typ.unwrap_or_default(),
        name: raw.name.unwrap_or_default(),
        source: raw.source.unwrap_or_default(),
        target: raw.destination.unwrap_or_default(),
        writable: raw.rw.unwrap_or_default(),
    }
}

fn host(raw: api::HostConfig) -> Host {
    let log = raw.log_config.unwrap_or_default();
    Host {
        memory: raw.memory.unwrap_or_default(),
        nano_cpus: raw.nano_cpus.unwrap_or_default(),
        pids_limit: raw.pids_limit.unwrap_or_default(),
        read_only: raw.readonly_rootfs.unwrap_or_default(),
        privileged: raw.privileged.unwrap_or_default(),
        cap_add: raw.cap_add.unwrap_or_default(),
        cap_drop: raw.cap_drop.unwrap_or_default(),
        security_opt: raw.security_opt.unwrap_or_default(),
        network_mode: raw.network_mode.unwrap_or_default(),
        pid_mode: raw.pid_mode.unwrap_or_default(),
        ipc_mode: raw.ipc_mode.unwrap_or_default(),
        restart: raw
            .restart_policy
            .and_then(|policy| policy.name)
            .map(|name| name.to_string())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "no".to_owned()),
        log: LogDriver { driver: log.typ.unwrap_or_default(), options: sorted(log.config) },
        tmpfs: sorted(raw.tmpfs),
        binds: raw.binds.unwrap_or_default(),
        wanted_ports: ports(raw.port_bindings.unwrap_or_default()),
    }
}

pub(super) fn summary(raw: api::ContainerSummary) -> ContainerSummary {
    let names = raw.names.unwrap_or_default();
    ContainerSummary {
        id: raw.id.unwrap_or_default(),
        // A link adds names with a second slash; the own one has only the first.
        name: names
            .iter()
            .filter_map(|name| name.strip_prefix('/'))
            .find(|name| !name.contains('/'))
            .unwrap_or_default()
            .to_owned(),
        image: raw.image.unwrap_or_default(),
        labels: sorted(raw.labels),
        status: raw.state.map(|state| state.to_string()).unwrap_or_default(),
        ports: raw
            .ports
            .unwrap_or_default()
            .into_iter()
            .filter_map(|port| {
                Some(Published {
                    container_port: port.private_port,
                    protocol: port.typ.map(|kind| kind.to_string()).unwrap_or_default(),
                    address: port.ip.unwrap_or_default(),
                    host_port: port.public_port?,
                })
            })
            .collect(),
    }
}

pub(super) fn network(raw: api::Network) -> Network {
    Network {
        id: raw.id.unwrap_or_default(),
        name: raw.name.unwrap_or_default(),
        driver: raw.driver.unwrap_or_default(),
        internal: raw.internal.unwrap_or_default(),
        labels: sorted(raw.labels),
        options: sorted(raw.options),
        containers: Vec::new(),
    }
}

pub(super) fn network_inspect(raw: api::NetworkInspect) -> Network {
    let mut containers: Vec<String> =
        raw.containers.unwrap_or_default().into_values().filter_map(|endpoint| endpoint.name).collect();
    containers.sort();
    Network {
        id: raw.id.unwrap_or_default(),
        name: raw.name.unwrap_or_default(),
        driver: raw.driver.unwrap_or_default(),
        internal: raw.internal.unwrap_or_default(),
        labels: sorted(raw.labels),
        options: sorted(raw.options),
        containers,
    }
}

pub(super) fn volume(raw: api::Volume) -> Volume {
    Volume {
        name: raw.name,
        driver: raw.driver,
        mountpoint: raw.mountpoint,
        labels: raw.labels.into_iter().collect(),
        options: raw.options.into_iter().collect(),
    }
}

pub(super) fn image(raw: api::ImageInspect) -> ImageInfo {
    let config = raw.config.unwrap_or_default();
    ImageInfo {
        id: raw.id.unwrap_or_default(),
        tags: raw.repo_tags.unwrap_or_default(),
        digests: raw.repo_digests.unwrap_or_default(),
        user: config.user.unwrap_or_default(),
        env: config.env.unwrap_or_default(),
        labels: sorted(config.labels),
        healthcheck: config.healthcheck.and_then(healthcheck),
        exposed_ports: config.exposed_ports.unwrap_or_default(),
        size: raw.size.unwrap_or_default(),
    }
}
