//! `docker-compose.staging.yml`: plain, hardened, with no `${…}` left in it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::templates::Templates;
use super::{RenderedFile, digest, environment, quote};
use crate::config::services::{Build, Condition, Health, Role, Service};
use crate::config::settings::parse_port;
use crate::config::{Settings, env};
use crate::failure::Failure;

#[derive(Serialize)]
struct FileView<'a> {
    project: &'a str,
    services: Vec<ServiceView<'a>>,
    networks: Vec<NetworkView<'a>>,
    volumes: Vec<(&'a str, Option<&'a str>)>,
}

#[derive(Serialize)]
struct NetworkView<'a> {
    name: &'a str,
    internal: bool,
    no_egress: bool,
}

#[derive(Serialize)]
struct ServiceView<'a> {
    name: &'a str,
    build: Option<BuildView>,
    image: Option<String>,
    container_name: Option<&'a str>,
    profiles: &'a [String],
    scale: Option<u32>,
    user: Option<&'a str>,
    entrypoint: Option<Vec<String>>,
    command: Option<Vec<String>>,
    environment: Vec<(&'a str, String)>,
    env_file: Option<String>,
    ports: Vec<String>,
    networks: &'a [String],
    volumes: Vec<MountView>,
    tmpfs: &'a [String],
    read_only: bool,
    cap_add: &'a [String],
    healthcheck: Option<HealthView<'a>>,
    depends_on: Vec<(&'a str, &'static str)>,
    /// The proxy looks its upstreams up when it starts, and never again.
    restart_with_dependencies: bool,
    restart: &'a str,
    cpus: f64,
    mem_limit: &'a str,
    pids_limit: u32,
    stop_grace_period: Option<&'a str>,
    labels: Vec<(String, String)>,
}

#[derive(Serialize)]
struct BuildView {
    context: String,
    dockerfile: Option<String>,
    target: Option<String>,
    args: Vec<(String, String)>,
}

#[derive(Serialize)]
struct HealthView<'a> {
    test: Vec<String>,
    interval: &'a str,
    timeout: &'a str,
    retries: u32,
    start_period: &'a str,
}

pub(super) fn file(settings: &Settings, templates: &Templates, mounted: &[RenderedFile]) -> Result<String> {
    let config = &settings.config;
    let services = config
        .services
        .iter()
        .map(|(name, service)| {
            view(settings, name, service, mounted).with_context(|| format!("services.{name}"))
        })
        .collect::<Result<Vec<_>>>()?;
    let view = FileView {
        project: &config.project,
        services,
        networks: config
            .networks
            .iter()
            .map(|(name, n)| NetworkView { name, internal: n.internal, no_egress: n.no_egress })
            .collect(),
        volumes: config.volumes.iter().map(|(key, v)| (key.as_str(), v.name.as_deref())).collect(),
    };
    templates.render("compose/docker-compose.staging.yml.tera", &view)
}

fn view<'a>(
    settings: &Settings,
    name: &'a str,
    service: &'a Service,
    mounted: &[RenderedFile],
) -> Result<ServiceView<'a>> {
    let image = match &service.image {
        Some(image) => {
            let image = settings.expand(image).context("image")?;
            Some(quote::compose(settings.image(&image)))
        }
        None => None,
    };
    let environment = service
        .environment
        .iter()
        .filter(|(_, value)| !environment::is_reference(&value.0))
        .map(|(key, value)| Ok((key.as_str(), literal(&value.0)?)))
        .collect::<Result<_>>()?;
    Ok(ServiceView {
        name,
        build: service.build.as_ref().map(|build| build_view(settings, build)).transpose()?,
        image,
        container_name: service.container_name.as_deref(),
        profiles: &service.profiles,
        scale: (service.replicas != 1).then_some(service.replicas),
        user: service.user.as_deref(),
        entrypoint: service.entrypoint.as_deref().map(|words| literals(words, "entrypoint")).transpose()?,
        command: service.command.as_deref().map(|words| literals(words, "command")).transpose()?,
        environment,
        env_file: environment::has_file(service).then(|| format!("./{}", environment::service_path(name))),
        ports: service
            .ports
            .iter()
            .filter_map(|text| parse_port(text))
            .map(|port| format!("{}:{}:{}", port.address, port.host, port.container))
            .collect(),
        networks: &service.networks,
        volumes: literals(&service.volumes, "volumes")?.into_iter().map(mount_view).collect(),
        tmpfs: &service.tmpfs,
        read_only: service.read_only,
        cap_add: &service.cap_add,
        healthcheck: service.health.as_ref().map(health_view).transpose()?,
        restart_with_dependencies: service.role == Role::Proxy,
        depends_on: service
            .depends_on
            .iter()
            .map(|(dependency, condition)| (dependency.as_str(), condition_word(*condition)))
            .collect(),
        restart: &service.restart,
        cpus: service.limits.cpus,
        mem_limit: &service.limits.memory,
        pids_limit: service.limits.pids,
        stop_grace_period: service.stop_grace_period.as_deref(),
        labels: labels(service, mounted)?,
    })
}

fn build_view(settings: &Settings, build: &Build) -> Result<BuildView> {
    Ok(BuildView {
        context: literal(&build.context)?,
        dockerfile: build.dockerfile.clone(),
        target: build.target.clone(),
        args: build
            .args
            .iter()
            .map(|(name, value)| Ok((name.clone(), quote::compose(&settings.expand(&value.0)?))))
            .collect::<Result<_>>()?,
    })
}

fn health_view(health: &Health) -> Result<HealthView<'_>> {
    Ok(HealthView {
        test: literals(&health.test, "health.test")?,
        interval: &health.interval,
        timeout: &health.timeout,
        retries: health.retries,
        start_period: &health.start_period,
    })
}

const fn condition_word(condition: Condition) -> &'static str {
    match condition {
        Condition::Healthy => "service_healthy",
        Condition::Started => "service_started",
        Condition::Completed => "service_completed_successfully",
    }
}

/// The user's labels, and a digest of the generated files that the service mounts: when one
/// changes, the service's hash changes, and every compose tool replaces the container.
fn labels(service: &Service, mounted: &[RenderedFile]) -> Result<Vec<(String, String)>> {
    let mut labels: BTreeMap<String, String> = service
        .labels
        .iter()
        .map(|(key, value)| Ok((key.clone(), literal(value)?)))
        .collect::<Result<_>>()?;
    let mut parts: Vec<&[u8]> = Vec::new();
    for volume in &service.volumes {
        let source = volume.split(':').next().unwrap_or_default();
        let source = source.strip_prefix("./").unwrap_or(source);
        for file in mounted.iter().filter(|file| file.path.starts_with(source)) {
            parts.push(file.path.as_os_str().as_encoded_bytes());
            parts.push(file.content.as_bytes());
        }
    }
    if !parts.is_empty() {
        labels.insert("stagectl.files-digest".to_owned(), digest(&parts)[..16].to_owned());
    }
    Ok(labels.into_iter().collect())
}

/// A mount in compose's short form, or a bind mount in the long one.
#[derive(Default, Serialize)]
struct MountView {
    short: Option<String>,
    source: String,
    target: String,
    read_only: bool,
}

/// Bind mounts are written in the long form: of the short one docker compose makes a
/// `create_host_path` that 2.x and 5.x hash differently, so that a change of docker compose's
/// version would recreate the container.
fn mount_view(text: String) -> MountView {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, read_only) = match parts[..] {
        [source, target] | [source, target, "rw"] => (source, target, false),
        [source, target, "ro"] => (source, target, true),
        _ => return MountView { short: Some(text), ..MountView::default() },
    };
    if !source.starts_with(['.', '/', '~']) {
        return MountView { short: Some(text), ..MountView::default() };
    }
    MountView { short: None, source: source.to_owned(), target: target.to_owned(), read_only }
}

fn literals(words: &[String], key: &str) -> Result<Vec<String>> {
    words.iter().map(|word| literal(word).context(key.to_owned())).collect()
}

/// A text outside `environment`: `$$` is a dollar, and a reference is refused, because
/// the value would stand in the file, in the argument list and in `docker inspect`.
fn literal(text: &str) -> Result<String> {
    if let Some(name) = env::references(text).first() {
        return Err(Failure::config(format!("`${{{name}}}` may stand in `environment` only"))
            .hint(format!(
                "put `{name}` into the service's `environment` and read it there (`$${name}` in a shell)"
            ))
            .into());
    }
    Ok(quote::compose(&env::expand(text, &mut |_| None)?))
}
