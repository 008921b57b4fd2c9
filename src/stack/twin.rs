//! The running twin: the compose file, the engine it runs in and the docker compose it agrees with.

use anyhow::Result;

use super::observe::{self, Observed, observe};
use super::plan::{Action, Plan};
use super::planner;
use super::source::Source;
use crate::compose::typed::{Project, Selection, select};
use crate::engine::{Container, Engine};
use crate::failure::Failure;

/// A project that can be planned and started.
#[derive(Debug, Clone)]
pub struct Twin {
    pub engine: Engine,
    pub project: Project,
}

impl Twin {
    /// Reads the compose files for a selection of their services.
    pub fn open(engine: Engine, source: &Source, selection: &Selection) -> Result<Self> {
        Ok(Self { engine, project: source.load(selection)? })
    }

    /// What has to happen so that the selected services run.
    pub async fn plan_up(&self, selection: &Selection) -> Result<(Plan, Observed)> {
        let selected = select(&self.project, selection)?;
        // Asking docker compose for its version takes longer than the whole observation.
        let (observed, dialect) = tokio::try_join!(
            observe(&self.engine, &self.project, &selected),
            observe::dialect(&self.project.name, &self.engine)
        )?;
        let plan = planner::up(&self.project, &selected, &observed, &dialect)?;
        self.can_do(&plan)?;
        Ok((plan, observed))
    }
}

impl Twin {
    /// Refuses what this engine's version cannot make.
    fn can_do(&self, plan: &Plan) -> Result<()> {
        for step in &plan.steps {
            let Action::CreateContainer { spec, .. } = &step.action else { continue };
            if let Some(what) = spec.beyond(self.engine.api) {
                let (major, minor) = self.engine.api;
                return Err(Failure::environment(format!(
                    "{}: {what}, and this engine has {major}.{minor}",
                    spec.name
                ))
                .hint("update the Docker Engine, or do without the key")
                .into());
            }
        }
        Ok(())
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
