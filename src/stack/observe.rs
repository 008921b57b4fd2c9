//! What is there: one list each of containers, networks and volumes, the images that are
//! wanted, and who listens on the ports that are wanted. Reads only.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::labels::{self, Dialect};
use super::ports::{self, Listener};
use super::specify::{self, HostFiles};
use crate::compose::typed::Project;
use crate::engine::{Container, ContainerSummary, Engine, ImageInfo, Network, Volume};

/// How long a docker compose may take to say its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(2);

/// Secrets and configs are smaller, in bytes; a file that is larger is data.
const LARGEST_FILE: u64 = 1 << 20;

/// One snapshot of the engine.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The project's containers, one-off runs left out.
    pub containers: Vec<Container>,
    /// Everybody's containers.
    pub all: Vec<ContainerSummary>,
    /// Everybody's networks and volumes: names are the engine's, not the project's.
    pub networks: Vec<Network>,
    pub volumes: Vec<Volume>,
    /// The wanted images; `None` is missing.
    pub images: BTreeMap<String, Option<ImageInfo>>,
    pub listeners: Vec<Listener>,
    /// The files of this machine that the services use.
    pub files: HostFiles,
}

impl Observed {
    pub fn of_service(&self, service: &str) -> impl Iterator<Item = &Container> {
        self.containers.iter().filter(move |container| container.service() == service)
    }
}

/// Observes everything at once. `selected` are the services that are about to run.
pub async fn observe(engine: &Engine, project: &Project, selected: &BTreeSet<String>) -> Result<Observed> {
    let containers = async {
        let all = engine.all_containers().await?;
        let own: Vec<String> = all
            .iter()
            .filter(|c| c.labels.get(labels::PROJECT) == Some(&project.name))
            .filter(|c| c.labels.get(labels::ONE_OFF).is_none_or(|value| value == "False"))
            .map(|c| c.id.clone())
            .collect();
        anyhow::Ok((engine.inspect_all(own).await?, all))
    };
    let references: BTreeSet<String> = project
        .services
        .iter()
        .filter(|(name, _)| selected.contains(*name))
        .map(|(name, service)| specify::image(project, name, service))
        .collect();
    let images = futures_util::stream::iter(references)
        .map(async |reference| anyhow::Ok((reference.clone(), engine.image(&reference).await?)))
        .buffer_unordered(8)
        .try_collect::<BTreeMap<_, _>>();
    let ((containers, all), networks, volumes, images) =
        tokio::try_join!(containers, engine.all_networks(), engine.all_volumes(), images)?;
    let wanted: Vec<u16> = project
        .services
        .iter()
        .filter(|(name, _)| selected.contains(*name))
        .flat_map(|(_, service)| &service.ports)
        .filter_map(|port| port.published.as_ref()?.parse().ok())
        .collect();
    // Another machine's ports are not in this machine's `/proc`.
    let listeners = if engine.is_local() && !wanted.is_empty() {
        tokio::task::spawn_blocking(move || ports::listeners(&wanted)).await?
    } else {
        Vec::new()
    };
    let files = if engine.is_local() {
        host_files(HostFiles::wanted(project, selected))
    } else {
        HostFiles::default()
    };
    Ok(Observed { containers, all, networks, volumes, images, listeners, files })
}

/// The small ones among the files: what is larger, a folder or missing is left to the engine.
fn host_files(wanted: BTreeSet<String>) -> HostFiles {
    wanted
        .into_iter()
        .filter(|path| {
            fs_err::metadata(path).is_ok_and(|found| found.is_file() && found.len() <= LARGEST_FILE)
        })
        .filter_map(|path| fs_err::read(&path).ok().map(|content| (path, content)))
        .collect()
}

/// The version of the docker compose of this machine, where there is one whose hashes are known.
pub async fn installed_compose() -> Option<String> {
    let (plugin, standalone) = tokio::join!(
        version_of("docker", &["compose", "version", "--short"]),
        version_of("docker-compose", &["version", "--short"])
    );
    [plugin, standalone].into_iter().flatten().find(|v| Dialect::known(v))
}

/// The docker compose to agree with: the installed one, else the one that made the project's
/// containers, else the newest.
pub async fn dialect(project: &str, engine: &Engine) -> Result<Dialect> {
    if let Some(version) = installed_compose().await {
        return Ok(Dialect::of(Some(&version)));
    }
    let existing = engine.all_containers().await?;
    let version = existing
        .iter()
        .filter(|c| c.labels.get(labels::PROJECT).is_some_and(|name| name == project))
        .find_map(|c| c.labels.get(labels::VERSION));
    Ok(Dialect::of(version.map(String::as_str)))
}

async fn version_of(program: &str, args: &[&str]) -> Option<String> {
    let run = tokio::process::Command::new(program)
        .args(args)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(VERSION_TIMEOUT, run).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
