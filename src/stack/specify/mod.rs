//! From the compose model to what the engine is asked to make. Pure: the contents of files come in.

mod files;
mod limits;
mod mounts;
mod networks;
pub mod refuse;
pub mod shares;

use std::collections::BTreeMap;

use super::labels::{self, Dialect};
use crate::compose::typed::lifecycle::Healthcheck;
use crate::compose::typed::number::{Text, Time};
use crate::compose::typed::{Project, Service};
use crate::engine::{self, Container, ContainerSpec, PortSpec};

pub use files::{FileDigests, HostFiles};
pub use networks::{network, volume};

/// The container's name: the service's own, or `{project}-{service}-{number}`.
pub fn container_name(project: &Project, name: &str, service: &Service, number: u32) -> String {
    service.container_name.clone().unwrap_or_else(|| format!("{}-{name}-{number}", project.name))
}

/// The image that a service runs: the one named, or the one built for it.
pub fn image(project: &Project, name: &str, service: &Service) -> String {
    service.image.clone().unwrap_or_else(|| format!("{}-{name}", project.name))
}

/// What a container is made from, beside its service.
#[derive(Debug, Clone, Copy)]
pub struct Making<'a> {
    pub project: &'a Project,
    pub dialect: &'a Dialect,
    /// The files of the host that the services use.
    pub files: &'a HostFiles,
    pub number: u32,
    pub image_id: &'a str,
    /// The container that it takes the place of: its volumes without a name are handed on.
    pub old: Option<&'a Container>,
}

/// The container of a service.
pub fn container(making: Making<'_>, name: &str, service: &Service) -> ContainerSpec {
    let Making { project, files, number, .. } = making;
    let own_name = container_name(project, name, service, number);
    let mounts = mounts::mounts(project, service, making.old);
    let digests = FileDigests::of(project, service, files);
    let mut labels = labels::container(project, name, service, number, making.image_id, making.dialect);
    if let Some(text) = digests.label() {
        labels.insert(labels::FILES.to_owned(), text);
    }
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
        labels,
        annotations: service.annotations.clone(),
        user: service.user.as_ref().map(|user| user.0.clone()),
        working_dir: service.working_dir.clone(),
        hostname: service.hostname.clone(),
        domainname: service.domainname.clone(),
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
        networks: networks::endpoints(project, name, service, &own_name),
        network_mode: service.network_mode.clone(),
        ipc_mode: service.ipc.clone(),
        pid_mode: service.pid.clone(),
        uts_mode: service.uts.clone(),
        userns_mode: service.userns_mode.clone(),
        cgroup_mode: service.cgroup.clone(),
        cgroup_parent: service.cgroup_parent.clone(),
        binds: mounts.binds,
        mounts: mounts.mounts,
        volumes_from: service.volumes_from.clone(),
        tmpfs: service
            .tmpfs
            .iter()
            .map(|text| {
                let (path, options) = text.split_once(':').unwrap_or((text, ""));
                (path.to_owned(), options.to_owned())
            })
            .collect(),
        files: files::copied(project, service, files),
        healthcheck: service.healthcheck.as_ref().map(healthcheck),
        restart: restart(service),
        read_only: service.read_only,
        privileged: service.privileged,
        init: service.init,
        tty: service.tty,
        stdin_open: service.stdin_open,
        cap_add: service.cap_add.iter().map(|name| capability(name)).collect(),
        cap_drop: service.cap_drop.iter().map(|name| capability(name)).collect(),
        security_opt: service
            .security_opt
            .iter()
            .map(|option| files.security_option(project, option))
            .collect(),
        extra_hosts: service.extra_hosts.iter().map(|host| host.replacen('=', ":", 1)).collect(),
        dns: service.dns.clone(),
        dns_opt: service.dns_opt.clone(),
        dns_search: service.dns_search.clone(),
        group_add: service.group_add.iter().map(|group| group.0.clone()).collect(),
        sysctls: service.sysctls.clone(),
        storage_opt: texts(&service.storage_opt),
        runtime: service.runtime.clone(),
        limits: limits::limits(service),
        log_driver: service.logging.as_ref().and_then(|logging| logging.driver.clone()),
        log_options: service.logging.as_ref().map(|logging| texts(&logging.options)).unwrap_or_default(),
        stop_signal: service.stop_signal.clone(),
        stop_timeout: service.stop_grace_period.map(|Time(grace)| grace),
        name: own_name,
    }
}

/// `net_admin` is `CAP_NET_ADMIN`.
fn capability(name: &str) -> String {
    let name = name.to_uppercase();
    if name == "ALL" || name.starts_with("CAP_") { name } else { format!("CAP_{name}") }
}

/// `deploy.restart_policy` goes before `restart`, as in docker compose.
fn restart(service: &Service) -> String {
    let policy = service.deploy.as_ref().and_then(|deploy| deploy.restart_policy.as_ref());
    match policy {
        None => service.restart.clone().unwrap_or_else(|| "no".to_owned()),
        Some(policy) => match (policy.condition.as_deref(), policy.max_attempts) {
            (Some("none"), _) => "no".to_owned(),
            (Some("on-failure"), Some(attempts)) => format!("on-failure:{attempts}"),
            (Some("on-failure"), None) => "on-failure".to_owned(),
            (_, _) => "always".to_owned(),
        },
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
