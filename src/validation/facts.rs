//! What the checks know: asked once, all at the same time, and shared. Nothing here writes.

use std::time::Duration;

use jiff::Timestamp;
use serde_yaml::Value;

use super::Need;
use super::front::Front;
use crate::config::Settings;
use crate::config::services::Role;
use crate::engine::{Container, Engine, Network, Volume};
use crate::postgres::{self, Session};
use crate::redis::Probe;

/// The file that docker compose reads.
pub const COMPOSE_FILE: &str = "docker-compose.staging.yml";
/// No server may keep the facts waiting longer.
const PATIENCE: Duration = Duration::from_secs(12);

/// Why a fact is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// `stagectl.yml` does not have it: checks of it are skipped.
    NotConfigured(String),
    /// It should be there and is not: checks of it are errors.
    Unreachable(String),
}

/// A fact, or why it is missing.
pub type Fact<T> = Result<T, Missing>;

/// Everything that is known before the first check runs.
pub struct Facts {
    pub settings: Settings,
    /// The start of the run.
    pub now: Timestamp,
    /// The compose file's text and its YAML.
    pub compose: Fact<(String, Value)>,
    pub engine: Fact<Engine>,
    /// The project's containers, stopped ones included, by name.
    pub containers: Vec<Container>,
    pub networks: Vec<Network>,
    pub volumes: Vec<Volume>,
    /// Read-only session as the application's role.
    pub user: Fact<Session>,
    /// Read-only session as the administrator.
    pub admin: Fact<Session>,
    pub cache: Fact<Probe>,
    pub front: Front,
}

impl Facts {
    /// Asks everybody at once.
    pub async fn gather(settings: Settings, now: Timestamp) -> Self {
        let compose = compose(&settings);
        let (engine, cache, user, admin, front) = tokio::join!(
            patient("the engine", Box::pin(engine(&settings))),
            patient("Redis", Box::pin(cache(&settings))),
            patient("PostgreSQL", Box::pin(session(&settings, false))),
            patient("PostgreSQL", Box::pin(session(&settings, true))),
            Box::pin(Front::gather(&settings)),
        );
        let (engine, project) = match engine {
            Ok((engine, project)) => (Ok(engine), project),
            Err(missing) => (Err(missing), Project::default()),
        };
        let Project { containers, networks, volumes } = project;
        Self { settings, now, compose, engine, containers, networks, volumes, user, admin, cache, front }
    }

    /// Facts of a twin that nobody asked: every need is unmet.
    pub fn unasked(settings: Settings, now: Timestamp) -> Self {
        fn unasked<T>() -> Fact<T> {
            Err(Missing::Unreachable("it was not asked".to_owned()))
        }
        Self {
            settings,
            now,
            compose: unasked(),
            engine: unasked(),
            containers: Vec::new(),
            networks: Vec::new(),
            volumes: Vec::new(),
            user: unasked(),
            admin: unasked(),
            cache: unasked(),
            front: Front::default(),
        }
    }

    /// Whether a need is met.
    pub fn need(&self, need: Need) -> Result<(), Missing> {
        fn met<T>(fact: &Fact<T>) -> Result<(), Missing> {
            fact.as_ref().map(drop).map_err(Clone::clone)
        }
        match need {
            Need::Engine => met(&self.engine),
            Need::Compose => met(&self.compose),
            Need::Database => met(&self.user),
            Need::DatabaseAdmin => met(&self.admin),
            Need::Cache => met(&self.cache),
            Need::Http => self.front.http(),
            Need::Tls => self.front.tls(),
            Need::Prometheus => self.prometheus_runs(),
        }
    }

    fn prometheus_runs(&self) -> Result<(), Missing> {
        let Some(service) = &self.settings.config.monitoring.prometheus else {
            return Err(Missing::NotConfigured("stagectl.yml has no `monitoring.prometheus`".to_owned()));
        };
        met_engine(&self.engine)?;
        let profile = self.settings.config.services.get(service).and_then(|s| s.profiles.first());
        match (self.containers_of(service).next(), profile) {
            (Some(_), _) => Ok(()),
            (None, Some(profile)) => {
                Err(Missing::NotConfigured(format!("the profile `{profile}` is not running")))
            }
            (None, None) => Err(Missing::Unreachable(format!("`{service}` has no container"))),
        }
    }

    /// The containers of a service.
    pub fn containers_of<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a Container> {
        self.containers.iter().filter(move |container| container.service() == service)
    }

    /// The containers that run now.
    pub fn running(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().filter(|container| container.state.running)
    }

    /// The services that should run: those without a profile, and those of a profile that has a container.
    pub fn expected_services(&self) -> Vec<&str> {
        let services = &self.settings.config.services;
        let started = |profile: &String| {
            services.iter().any(|(name, service)| {
                service.profiles.contains(profile) && self.containers_of(name).next().is_some()
            })
        };
        services
            .iter()
            .filter(|(_, service)| service.profiles.is_empty() || service.profiles.iter().any(started))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The role of a container's service; `Other` for one that stagectl.yml does not know.
    pub fn role(&self, container: &Container) -> Role {
        self.settings.config.services.get(container.service()).map_or(Role::Other, |service| service.role)
    }
}

fn met_engine(engine: &Fact<Engine>) -> Result<(), Missing> {
    engine.as_ref().map(drop).map_err(Clone::clone)
}

#[derive(Default)]
struct Project {
    containers: Vec<Container>,
    networks: Vec<Network>,
    volumes: Vec<Volume>,
}

async fn patient<T>(who: &str, work: impl Future<Output = Fact<T>>) -> Fact<T> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        Err(Missing::Unreachable(format!("{who} did not answer within {} s", PATIENCE.as_secs())))
    })
}

fn unreachable(error: &anyhow::Error) -> Missing {
    Missing::Unreachable(format!("{error:#}"))
}

fn compose(settings: &Settings) -> Fact<(String, Value)> {
    let text = fs_err::read_to_string(settings.root.join(COMPOSE_FILE))
        .map_err(|error| Missing::Unreachable(format!("{error}; run `stagectl generate`")))?;
    let value = serde_yaml::from_str(&text)
        .map_err(|error| Missing::Unreachable(format!("{COMPOSE_FILE}: {error}")))?;
    Ok((text, value))
}

async fn engine(settings: &Settings) -> Fact<(Engine, Project)> {
    let engine = Engine::connect().await.map_err(|error| unreachable(&error))?;
    let name = &settings.config.project;
    let (containers, networks, volumes) = tokio::join!(
        engine.project_containers(name),
        engine.project_networks(name),
        engine.project_volumes(name),
    );
    let project = (|| Ok(Project { containers: containers?, networks: networks?, volumes: volumes? }))();
    Ok((engine, project.map_err(|error: anyhow::Error| unreachable(&error))?))
}

async fn session(settings: &Settings, admin: bool) -> Fact<Session> {
    if settings.config.database.is_none() {
        return Err(Missing::NotConfigured("stagectl.yml has no `database`".to_owned()));
    }
    let address = if admin { settings.database_admin() } else { settings.database_user() };
    let opened = async {
        let session = postgres::connect(&address?).await?;
        // The checks look, whatever they are asked to run.
        session
            .batch_execute("SET default_transaction_read_only = on; SET statement_timeout = '20s'")
            .await?;
        anyhow::Ok(session)
    };
    opened.await.map_err(|error| unreachable(&error))
}

async fn cache(settings: &Settings) -> Fact<Probe> {
    let address = match settings.cache() {
        Ok(Some(address)) => address,
        Ok(None) => return Err(Missing::NotConfigured("stagectl.yml has no `cache`".to_owned())),
        Err(error) => return Err(unreachable(&error)),
    };
    Probe::connect(&address).await.map_err(|error| unreachable(&error))
}
