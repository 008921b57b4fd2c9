//! From what is written to the canonical form: defaults filled in, short forms spelled out,
//! env files resolved, names completed. The same steps as docker compose's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::file;
use super::model::{
    Build, Bytes, Condition, Cores, Dependency, Deploy, Healthcheck, Logging, MountKind, Network, Port,
    Project, Resource, Resources, Service, ServiceNetwork, Time, Ulimit,
};
use super::parse::ReadEnv;
use super::{resources, short};
use crate::compose::scalar::{self, Scalar, Size};
use crate::failure::Failure;

/// A compose file as it stands, before its canonical form.
pub struct Raw {
    pub name: String,
    pub file: PathBuf,
    pub folder: PathBuf,
    pub services: BTreeMap<String, file::Service>,
    pub networks: BTreeMap<String, file::Network>,
    pub volumes: BTreeMap<String, file::Volume>,
}

pub fn project(raw: Raw, read_env: &mut ReadEnv<'_>) -> Result<Project> {
    let mut services = BTreeMap::new();
    for (name, service) in raw.services {
        let path = format!("services.{name}");
        let service = Normaliser { folder: &raw.folder }.service(service, read_env).context(path)?;
        services.insert(name, service);
    }
    let mut networks = BTreeMap::new();
    for (key, network) in raw.networks {
        networks.insert(
            key.clone(),
            resources::network(&raw.name, &key, network).context(format!("networks.{key}"))?,
        );
    }
    if services.values().any(|service| service.networks.contains_key("default")) {
        networks
            .entry("default".to_owned())
            .or_insert_with(|| Network { name: format!("{}_default", raw.name), ..Network::default() });
    }
    let mut volumes = BTreeMap::new();
    for (key, volume) in raw.volumes {
        volumes.insert(
            key.clone(),
            resources::volume(&raw.name, &key, volume).context(format!("volumes.{key}"))?,
        );
    }
    // docker compose makes only the networks that a service uses.
    networks.retain(|key, _| services.values().any(|service| service.networks.contains_key(key)));
    let project = Project { name: raw.name, file: raw.file, folder: raw.folder, services, networks, volumes };
    references(&project)?;
    Ok(project)
}

/// Every name that a service uses must exist.
fn references(project: &Project) -> Result<(), Failure> {
    let missing = |service: &str, what: &str, name: &str| {
        Failure::config(format!("services.{service}: there is no {what} `{name}`"))
    };
    for (name, service) in &project.services {
        if let Some(key) = service.networks.keys().find(|key| !project.networks.contains_key(*key)) {
            return Err(missing(name, "network", key));
        }
        for mount in service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume) {
            if !project.volumes.contains_key(&mount.source) {
                return Err(missing(name, "volume", &mount.source));
            }
        }
        for (dependency, rule) in &service.depends_on {
            if rule.required && !project.services.contains_key(dependency) {
                return Err(missing(name, "service", dependency));
            }
        }
        if service.container_name.is_some() && service.replicas > 1 {
            return Err(Failure::config(format!(
                "services.{name}: a container_name is for one container, and {} replicas are asked for",
                service.replicas
            )));
        }
    }
    Ok(())
}

struct Normaliser<'a> {
    folder: &'a PathBuf,
}

impl Normaliser<'_> {
    fn service(&self, raw: file::Service, read_env: &mut ReadEnv<'_>) -> Result<Service> {
        if raw.image.is_none() && raw.build.is_none() {
            bail!(Failure::config("neither `image` nor `build` is given"));
        }
        let networks = match (raw.network_mode.is_some(), networks(raw.networks)) {
            (false, networks) if networks.is_empty() => BTreeMap::from([("default".to_owned(), None)]),
            (true, networks) if !networks.is_empty() => {
                bail!(Failure::config("`network_mode` and `networks` exclude each other"))
            }
            (_, networks) => networks,
        };
        if let Some(mode) = raw.network_mode.as_deref().filter(|mode| mode.contains(':')) {
            bail!(Failure::config(format!("network_mode: `{mode}` is not supported by stagectl")));
        }
        let replicas = raw.scale.or(raw.deploy.as_ref().and_then(|deploy| deploy.replicas)).unwrap_or(1);
        let mut environment = BTreeMap::new();
        for env_file in raw.env_file.into_vec() {
            let (path, required) = match env_file {
                file::EnvFile::Path(path) => (path, true),
                file::EnvFile::Full(form) => (form.path, form.required.unwrap_or(true)),
            };
            let values = read_env(&short::absolute(self.folder, &path), required)?;
            environment.extend(values.into_iter().map(|(name, value)| (name, Some(value))));
        }
        for (name, value) in pairs(raw.environment) {
            if value.is_none() {
                bail!(
                    Failure::config(format!("environment.{name}: give it a value")).hint(
                        "a value from the shell would make the file mean something else in every shell"
                    )
                );
            }
            environment.insert(name, value);
        }
        Ok(Service {
            profiles: raw.profiles,
            build: raw.build.map(|build| self.build(build)),
            depends_on: depends_on(raw.depends_on)?,
            replicas,
            pull_policy: raw.pull_policy,
            cap_add: raw.cap_add,
            cap_drop: raw.cap_drop,
            cpus: raw.cpus.map(cores).transpose()?.unwrap_or_default(),
            cpu_shares: raw.cpu_shares.unwrap_or_default(),
            command: raw.command.map(command).transpose()?,
            container_name: raw.container_name,
            deploy: raw.deploy.map(deploy).transpose()?,
            entrypoint: raw.entrypoint.map(command).transpose()?,
            environment,
            expose: raw.expose.into_iter().map(|port| port.0).collect(),
            extra_hosts: extra_hosts(raw.extra_hosts),
            group_add: raw.group_add.into_iter().map(|group| group.0).collect(),
            hostname: raw.hostname,
            healthcheck: raw.healthcheck.map(healthcheck).transpose()?,
            image: raw.image,
            init: raw.init,
            labels: text_map(raw.labels),
            logging: raw.logging.map(|logging| Logging {
                driver: logging.driver,
                options: logging.options.into_iter().map(|(key, value)| (key, value.0)).collect(),
            }),
            mem_limit: size(raw.mem_limit),
            mem_reservation: size(raw.mem_reservation),
            network_mode: raw.network_mode,
            networks,
            pids_limit: raw.pids_limit.unwrap_or_default(),
            platform: raw.platform,
            ports: raw
                .ports
                .into_iter()
                .map(port)
                .collect::<Result<_, _>>()
                .map_err(|error| Failure::config(format!("ports: {error}")))?,
            privileged: raw.privileged,
            read_only: raw.read_only,
            restart: raw.restart,
            security_opt: raw.security_opt,
            shm_size: size(raw.shm_size),
            stdin_open: raw.stdin_open,
            stop_grace_period: time(raw.stop_grace_period.as_deref(), "stop_grace_period")?,
            stop_signal: raw.stop_signal,
            sysctls: text_map(raw.sysctls),
            tmpfs: raw.tmpfs.into_vec(),
            tty: raw.tty,
            ulimits: raw.ulimits.into_iter().map(|(name, limit)| (name, ulimit(&limit))).collect(),
            user: raw.user.map(|user| user.0),
            volumes: raw
                .volumes
                .into_iter()
                .map(|mount| self.mount(mount))
                .collect::<Result<_, _>>()
                .map_err(|error| Failure::config(format!("volumes: {error}")))?,
            working_dir: raw.working_dir,
        })
    }

    fn build(&self, raw: file::BuildForm) -> Build {
        let raw = match raw {
            file::BuildForm::Full(build) => build,
            file::BuildForm::Context(context) => {
                file::Build { context, dockerfile: None, target: None, args: file::Map::default() }
            }
        };
        Build {
            context: short::absolute(self.folder, &raw.context),
            dockerfile: raw.dockerfile,
            target: raw.target,
            args: text_map(raw.args),
        }
    }

    fn mount(&self, raw: file::VolumeMount) -> Result<super::model::Mount, String> {
        match raw {
            file::VolumeMount::Short(text) => short::mount(&text, self.folder),
            file::VolumeMount::Full(form) => {
                let (kind, source) = match form.kind.as_str() {
                    "bind" => {
                        (MountKind::Bind, short::absolute(self.folder, &form.source).display().to_string())
                    }
                    "volume" => (MountKind::Volume, form.source),
                    other => return Err(format!("the mount type `{other}` is not supported")),
                };
                // The long form has the options that are written, and the short one its defaults.
                let mount = short::whole_mount(kind, source, &form.target, form.read_only);
                Ok(super::model::Mount { bind: None, volume: None, ..mount })
            }
        }
    }
}

fn pairs(map: file::Map) -> BTreeMap<String, Option<String>> {
    match map {
        file::Map::Pairs(pairs) => {
            pairs.into_iter().map(|(name, value)| (name, value.map(|Scalar(text)| text))).collect()
        }
        file::Map::Lines(lines) => lines
            .into_iter()
            .map(|line| match line.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (line, None),
            })
            .collect(),
    }
}

/// `host=address`, sorted; a line may separate the two by a colon.
fn extra_hosts(map: file::Map) -> Vec<String> {
    let mut hosts: Vec<String> = match map {
        file::Map::Lines(lines) => lines
            .into_iter()
            .map(|line| if line.contains('=') { line } else { line.replacen(':', "=", 1) })
            .collect(),
        pairs @ file::Map::Pairs(_) => self::pairs(pairs)
            .into_iter()
            .map(|(host, ip)| format!("{host}={}", ip.unwrap_or_default()))
            .collect(),
    };
    hosts.sort();
    hosts
}

pub fn text_map(map: file::Map) -> BTreeMap<String, String> {
    pairs(map).into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect()
}

fn networks(raw: file::Networks) -> BTreeMap<String, Option<ServiceNetwork>> {
    match raw {
        file::Networks::Names(names) => names.into_iter().map(|name| (name, None)).collect(),
        file::Networks::Full(map) => map
            .into_iter()
            .map(|(name, options)| {
                let options = options.map(|options| ServiceNetwork {
                    aliases: options.aliases,
                    ipv4_address: options.ipv4_address,
                    priority: options.priority.unwrap_or_default(),
                });
                (name, options)
            })
            .collect(),
    }
}

fn depends_on(raw: file::DependsOn) -> Result<BTreeMap<String, Dependency>, Failure> {
    let plain = Dependency { condition: Condition::Started, restart: false, required: true };
    match raw {
        file::DependsOn::Names(names) => Ok(names.into_iter().map(|name| (name, plain)).collect()),
        file::DependsOn::Full(map) => map
            .into_iter()
            .map(|(name, rule)| {
                let condition = match rule.condition.as_deref() {
                    None | Some("service_started") => Condition::Started,
                    Some("service_healthy") => Condition::Healthy,
                    Some("service_completed_successfully") => Condition::Completed,
                    Some(other) => {
                        return Err(Failure::config(format!(
                            "depends_on.{name}.condition: `{other}` is not supported by stagectl"
                        )));
                    }
                };
                let required = rule.required.unwrap_or(true);
                Ok((name, Dependency { condition, restart: rule.restart, required }))
            })
            .collect(),
    }
}

fn command(raw: file::Command) -> Result<Vec<String>, Failure> {
    match raw {
        file::Command::Words(words) => Ok(words.into_iter().map(|word| word.0).collect()),
        file::Command::Line(line) => {
            scalar::words(&line).ok_or_else(|| Failure::config(format!("`{line}`: a quote is not closed")))
        }
    }
}

fn healthcheck(raw: file::Healthcheck) -> Result<Healthcheck, Failure> {
    Ok(Healthcheck {
        test: match raw.test {
            None => Vec::new(),
            Some(file::Command::Line(line)) => vec!["CMD-SHELL".to_owned(), line],
            Some(file::Command::Words(words)) => words.into_iter().map(|word| word.0).collect(),
        },
        timeout: time(raw.timeout.as_deref(), "healthcheck.timeout")?,
        interval: time(raw.interval.as_deref(), "healthcheck.interval")?,
        retries: raw.retries,
        start_period: time(raw.start_period.as_deref(), "healthcheck.start_period")?,
        start_interval: time(raw.start_interval.as_deref(), "healthcheck.start_interval")?,
        disable: raw.disable,
    })
}

fn port(raw: file::Port) -> Result<Port, String> {
    match raw {
        file::Port::Short(Scalar(text)) => short::port(&text),
        file::Port::Full(form) => Ok(Port {
            mode: form.mode.unwrap_or_else(|| "ingress".to_owned()),
            host_ip: form.host_ip,
            target: form.target,
            published: form.published.map(|published| published.0),
            protocol: form.protocol.unwrap_or_else(|| "tcp".to_owned()),
        }),
    }
}

fn deploy(raw: file::Deploy) -> Result<Deploy, Failure> {
    let resource = |raw: Option<file::Resource>| -> Result<Option<Resource>, Failure> {
        raw.map(|raw| {
            Ok(Resource {
                cpus: raw.cpus.map(cores).transpose()?.unwrap_or_default(),
                memory: size(raw.memory),
                pids: raw.pids.unwrap_or_default(),
            })
        })
        .transpose()
    };
    let (limits, reservations) = raw.resources.map_or((None, None), |r| (r.limits, r.reservations));
    Ok(Deploy {
        resources: Resources { limits: resource(limits)?, reservations: resource(reservations)? },
        ..Deploy::default()
    })
}

fn ulimit(raw: &file::Ulimit) -> Ulimit {
    match *raw {
        file::Ulimit::Both(single) => Ulimit::Single(single),
        file::Ulimit::Each { soft, hard } => Ulimit::Each { soft, hard },
    }
}

fn cores(Scalar(text): Scalar) -> Result<Cores, Failure> {
    text.parse().map(Cores).map_err(|_| Failure::config(format!("cpus: `{text}` is not a number of cores")))
}

fn size(size: Option<Size>) -> Bytes {
    Bytes(size.map_or(0, |size| size.0))
}

fn time(text: Option<&str>, key: &str) -> Result<Option<Time>, Failure> {
    text.map(|text| {
        scalar::duration(text).map(Time).ok_or_else(|| {
            Failure::config(format!("{key}: `{text}` is not a duration such as `15s` or `1m30s`"))
        })
    })
    .transpose()
}
