//! From the compose file to what the engine is asked to make.

use std::collections::BTreeMap;

use super::labels::{self, Dialect};
use crate::compose::typed::lifecycle::Healthcheck;
use crate::compose::typed::limits::Resource;
use crate::compose::typed::mount::MountKind;
use crate::compose::typed::number::{Text, Time};
use crate::compose::typed::{Project, Service};
use crate::engine::{self, ContainerSpec, EndpointSpec, NetworkSpec, PortSpec, VolumeSpec};

/// The container's name: the service's own, or `{project}-{service}-{number}`.
pub fn container_name(project: &Project, name: &str, service: &Service, number: u32) -> String {
    service.container_name.clone().unwrap_or_else(|| format!("{}-{name}-{number}", project.name))
}

/// The image that a service runs: the one named, or the one built for it.
pub fn image(project: &Project, name: &str, service: &Service) -> String {
    service.image.clone().unwrap_or_else(|| format!("{}-{name}", project.name))
}

/// The container of a service.
pub fn container(
    project: &Project,
    name: &str,
    service: &Service,
    number: u32,
    image_id: &str,
    dialect: &Dialect,
) -> ContainerSpec {
    let own_name = container_name(project, name, service, number);
    let limits: Resource = service.deploy.as_ref().map(|d| d.resources.limits.clone()).unwrap_or_default();
    let reserved: Resource =
        service.deploy.as_ref().map(|d| d.resources.reservations.clone()).unwrap_or_default();
    let first = |values: [i64; 2]| values.into_iter().find(|&value| value != 0).unwrap_or_default();
    ContainerSpec {
        image: image(project, name, service),
        platform: service.platform.clone(),
        command: service.command.clone(),
        entrypoint: service.entrypoint.clone(),
        env: service
            .environment
            .iter()
            .map(|(name, value)| value.as_ref().map_or_else(|| name.clone(), |v| format!("{name}={v}")))
            .collect(),
        labels: labels::container(project, name, service, number, image_id, dialect),
        user: service.user.as_ref().map(|user| user.0.clone()),
        working_dir: service.working_dir.clone(),
        hostname: service.hostname.clone(),
        ports: service
            .ports
            .iter()
            .map(|port| PortSpec {
                container_port: port.target,
                protocol: port.protocol.clone(),
                address: port.host_ip.clone().unwrap_or_default(),
                host_port: port.published.clone().unwrap_or_default(),
            })
            .collect(),
        expose: service
            .expose
            .iter()
            .map(|port| if port.contains('/') { port.clone() } else { format!("{port}/tcp") })
            .collect(),
        networks: service
            .networks_by_priority()
            .into_iter()
            .filter_map(|(key, options)| {
                let mut aliases = vec![own_name.clone(), name.to_owned()];
                aliases.extend(options.map(|o| o.aliases.clone()).unwrap_or_default());
                Some(EndpointSpec {
                    network: project.networks.get(key)?.name.clone(),
                    aliases,
                    ipv4_address: options.and_then(|o| o.ipv4_address.clone()),
                })
            })
            .collect(),
        network_mode: service.network_mode.clone(),
        binds: service
            .volumes
            .iter()
            .map(|mount| {
                let source = match mount.kind {
                    MountKind::Volume => {
                        project.volumes.get(&mount.source).map_or(&mount.source, |volume| &volume.name)
                    }
                    _ => &mount.source,
                };
                format!("{source}:{}:{}", mount.target, if mount.read_only { "ro" } else { "rw" })
            })
            .collect(),
        tmpfs: service
            .tmpfs
            .iter()
            .map(|text| {
                let (path, options) = text.split_once(':').unwrap_or((text, ""));
                (path.to_owned(), options.to_owned())
            })
            .collect(),
        healthcheck: service.healthcheck.as_ref().map(healthcheck),
        restart: service.restart.clone().unwrap_or_else(|| "no".to_owned()),
        read_only: service.read_only,
        privileged: service.privileged,
        init: service.init,
        tty: service.tty,
        stdin_open: service.stdin_open,
        cap_add: service.cap_add.clone(),
        cap_drop: service.cap_drop.clone(),
        security_opt: service.security_opt.clone(),
        extra_hosts: service.extra_hosts.iter().map(|host| host.replacen('=', ":", 1)).collect(),
        group_add: service.group_add.iter().map(|group| group.0.clone()).collect(),
        sysctls: service.sysctls.clone(),
        ulimits: service
            .ulimits
            .iter()
            .map(|(name, limit)| (name.clone(), limit.both().0, limit.both().1))
            .collect(),
        memory: first([limits.memory.0, service.mem_limit.0]),
        memory_reservation: first([reserved.memory.0, service.mem_reservation.0]),
        nano_cpus: first([limits.cpus.nanos(), service.cpus.nanos()]),
        cpu_shares: service.cpu_shares,
        pids_limit: first([limits.pids, service.pids_limit]),
        shm_size: service.shm_size.0,
        log_driver: service.logging.as_ref().and_then(|logging| logging.driver.clone()),
        log_options: service.logging.as_ref().map(|logging| texts(&logging.options)).unwrap_or_default(),
        stop_signal: service.stop_signal.clone(),
        stop_timeout: service.stop_grace_period.map(|Time(grace)| grace),
        name: own_name,
    }
}

fn texts(options: &BTreeMap<String, Text>) -> BTreeMap<String, String> {
    options.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect()
}

fn healthcheck(check: &Healthcheck) -> engine::Healthcheck {
    let time = |time: Option<Time>| time.map(|Time(time)| time);
    engine::Healthcheck {
        test: if check.disable { vec!["NONE".to_owned()] } else { check.test.clone() },
        interval: time(check.interval),
        timeout: time(check.timeout),
        retries: check.retries,
        start_period: time(check.start_period),
        start_interval: time(check.start_interval),
    }
}

/// The network with this key.
pub fn network(project: &Project, key: &str, dialect: &Dialect) -> Option<NetworkSpec> {
    let network = project.networks.get(key)?;
    Some(NetworkSpec {
        name: network.name.clone(),
        driver: network.driver.clone(),
        internal: network.internal,
        attachable: network.attachable,
        labels: labels::resource(project, labels::NETWORK, key, &network.hash, &network.labels, dialect),
        options: texts(&network.driver_opts),
        subnets: network.ipam.config.iter().filter_map(|subnet| subnet.subnet.clone()).collect(),
    })
}

/// The volume with this key.
pub fn volume(project: &Project, key: &str, dialect: &Dialect) -> Option<VolumeSpec> {
    let volume = project.volumes.get(key)?;
    Some(VolumeSpec {
        name: volume.name.clone(),
        driver: volume.driver.clone(),
        options: texts(&volume.driver_opts),
        labels: labels::resource(project, labels::VOLUME, key, &volume.hash, &volume.labels, dialect),
    })
}
