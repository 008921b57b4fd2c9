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

/// The container of a service with this number; without one, the first that runs.
pub async fn replica(
    engine: &Engine,
    project: &str,
    service: &str,
    number: Option<u32>,
) -> Result<Container> {
    let Some(number) = number else { return running(engine, project, service).await };
    let all = containers(engine, project, std::slice::from_ref(&service.to_owned())).await?;
    let found = all.into_iter().find(|c| c.label(super::labels::NUMBER).parse() == Ok(number));
    found.filter(|container| container.state.running).ok_or_else(|| {
        Failure::environment(format!("there is no running container {number} of the service {service}"))
            .hint("`stagectl status` shows those that there are")
            .into()
    })
}

/// The running server of a kind: that of the named service, or the only one whose image is called
/// like one of `images`.
pub async fn server(
    engine: &Engine,
    project: &str,
    service: Option<&str>,
    images: &[&str],
) -> Result<Container> {
    if let Some(service) = service {
        return running(engine, project, service).await;
    }
    let mut found = containers(engine, project, &[]).await?;
    found.retain(|container| container.state.running && is_called(&container.image, images));
    let mut services: Vec<&str> = found.iter().map(Container::service).collect();
    services.dedup();
    match services.as_slice() {
        [_] => Ok(found.swap_remove(0)),
        [] => Err(Failure::environment(format!(
            "no running container has an image called {}",
            images.join(" or ")
        ))
        .hint("name its service with --service")
        .into()),
        several => Err(Failure::usage(format!("several services could be meant: {}", several.join(", ")))
            .hint("name one with --service")
            .into()),
    }
}

/// Whether the last part of an image's name, without the tag, contains one of these words as a part.
fn is_called(image: &str, words: &[&str]) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split([':', '@']).next().unwrap_or(name);
    // An exporter or an administration's page is called after the server, too.
    let parts: Vec<&str> = name.split(['-', '_', '.']).collect();
    let other = ["exporter", "admin", "commander", "insight", "backup", "sentinel", "web"];
    parts.iter().any(|part| words.contains(part)) && !parts.iter().any(|part| other.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_the_name_of_its_image() {
        let postgres = |image| is_called(image, &["postgres", "postgis"]);
        assert!(postgres("postgres") && postgres("postgres:15-alpine") && postgres("me/cloud-postgres:1"));
        assert!(postgres("registry:5000/postgis/postgis@sha256:00"));
        assert!(!postgres("quay.io/prometheus/postgres-exporter:1") && !postgres("postgrest/postgrest"));
    }
}
