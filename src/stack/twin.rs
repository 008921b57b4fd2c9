//! The running twin: the compose file, the engine it runs in and the docker compose it agrees with.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::compose::{self, Project, Selection};
use super::labels::Dialect;
use super::observe::{self, Observed, observe};
use super::plan::Plan;
use super::planner;
use super::render::COMPOSE_FILE;
use crate::config::load;
use crate::engine::{Container, Engine};
use crate::failure::Failure;

/// A project that can be planned and started.
#[derive(Debug, Clone)]
pub struct Twin {
    pub engine: Engine,
    pub project: Project,
    pub dialect: Dialect,
}

impl Twin {
    /// Reads the compose file and connects to the engine.
    pub async fn open(root: &Path) -> Result<Self> {
        let path = compose_file(root)?;
        Self::of(Engine::connect().await?, compose::load(&path)?).await
    }

    /// The twin of a project in an engine.
    pub async fn of(engine: Engine, project: Project) -> Result<Self> {
        let dialect = observe::dialect(&project.name, &engine).await?;
        Ok(Self { engine, project, dialect })
    }

    /// What has to happen so that the selected services run.
    pub async fn plan_up(&self, selection: &Selection) -> Result<(Plan, Observed)> {
        let selected = compose::select(&self.project, selection)?;
        let observed = observe(&self.engine, &self.project, &selected).await?;
        let plan = planner::up(&self.project, &selected, &observed, &self.dialect)?;
        Ok((plan, observed))
    }
}

/// The name of the project in a folder: the compose file's, else that of `stagectl.yml`.
pub fn project_name(root: &Path) -> Result<String> {
    match compose::project_name(&root.join(COMPOSE_FILE)) {
        Some(name) => Ok(name),
        None => Ok(load::load(root)?.project),
    }
}

/// The containers of the services asked for (none: all), by service and number. An unknown
/// service is an error that names the known ones.
pub async fn containers(engine: &Engine, project: &str, services: &[String]) -> Result<Vec<Container>> {
    let mut containers = engine.project_containers(project).await?;
    for service in services {
        if !containers.iter().any(|container| container.service() == service) {
            let mut known: Vec<&str> = containers.iter().map(Container::service).collect();
            known.sort_unstable();
            known.dedup();
            return Err(Failure::environment(format!("there is no container of a service `{service}`"))
                .hint(if known.is_empty() {
                    "nothing runs here: `stagectl up` starts it".to_owned()
                } else {
                    format!("there are containers of: {}", known.join(", "))
                })
                .into());
        }
    }
    containers.retain(|c| services.is_empty() || services.iter().any(|service| c.service() == service));
    containers.sort_by_key(|c| {
        (c.service().to_owned(), c.label(super::labels::NUMBER).parse::<u32>().unwrap_or_default())
    });
    Ok(containers)
}

/// The running container of a service; the first of several replicas.
pub async fn running(engine: &Engine, project: &str, service: &str) -> Result<Container> {
    let all = containers(engine, project, std::slice::from_ref(&service.to_owned())).await?;
    all.into_iter().find(|container| container.state.running).ok_or_else(|| {
        Failure::environment(format!("the service {service} does not run"))
            .hint(format!("`stagectl up {service}` starts it"))
            .into()
    })
}

/// The folder of `stagectl.yml`, absolute.
pub fn root(directory: &Path) -> Result<PathBuf> {
    load::folder(directory)
}

/// The compose file of the project in a folder.
///
/// # Errors
/// Where there is none, because there is no project, a broken one, or one without its files.
pub fn compose_file(root: &Path) -> Result<PathBuf> {
    let path = root.join(COMPOSE_FILE);
    if path.exists() {
        return Ok(path);
    }
    load::load(root)?;
    Err(Failure::environment(format!("there is no {COMPOSE_FILE} here"))
        .hint("run `stagectl setup`: it writes the files and starts the containers")
        .into())
}
