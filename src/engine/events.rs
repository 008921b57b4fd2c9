//! The engine's events about the containers of a project.

use std::collections::HashMap;

use anyhow::Result;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptions;
use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;
use serde::Serialize;

use super::{Engine, failed};

/// What happened to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    Start,
    Die { exit_code: i64 },
    Healthy,
    Unhealthy,
    Destroy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineEvent {
    pub container: String,
    pub kind: EventKind,
}

/// Something that happened to an object of a project, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happening {
    pub time: Timestamp,
    /// `container`, `network` or `volume`.
    pub kind: String,
    /// `start`, `die`, `health_status: healthy`, …
    pub action: String,
    /// The service of a container; empty for anything else.
    pub service: String,
    pub name: String,
    pub id: String,
    /// Of a container that ended.
    pub exit_code: Option<i64>,
}

impl Engine {
    /// All that happens to a project, between two times where they are given. Without an end
    /// it goes on.
    pub fn happenings(
        &self,
        project: &str,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> impl Stream<Item = Result<Happening>> + Send + use<> {
        let label = format!("com.docker.compose.project={project}");
        let filters = HashMap::from([("label".to_owned(), vec![label])]);
        let seconds = |at: Timestamp| format!("{}.{:09}", at.as_second(), at.subsec_nanosecond());
        let options =
            EventsOptions { since: since.map(seconds), until: until.map(seconds), filters: Some(filters) };
        Box::pin(self.docker.events(Some(options))).filter_map(|event| async move {
            match event {
                Ok(event) => happening(event).map(Ok),
                Err(error) => Some(Err(failed("listen to events", error))),
            }
        })
    }

    /// Events of a project's containers from now on. The engine holds the subscription as soon
    /// as the first poll has been made; what happened before must be asked for with an inspect.
    pub fn project_events(&self, project: &str) -> impl Stream<Item = Result<EngineEvent>> + Send + use<> {
        let filters = HashMap::from([
            ("type".to_owned(), vec!["container".to_owned()]),
            ("label".to_owned(), vec![format!("com.docker.compose.project={project}")]),
        ]);
        let options = EventsOptions { filters: Some(filters), ..Default::default() };
        let docker = self.docker.clone();
        Box::pin(docker.events(Some(options))).filter_map(|event| async move {
            let event = match event {
                Ok(event) => event,
                Err(error) => return Some(Err(failed("listen to events", error))),
            };
            let actor = event.actor.unwrap_or_default();
            let kind = match event.action.as_deref()? {
                "start" => EventKind::Start,
                "die" => EventKind::Die {
                    exit_code: actor
                        .attributes
                        .as_ref()
                        .and_then(|attributes| attributes.get("exitCode")?.parse().ok())
                        .unwrap_or(-1),
                },
                "health_status: healthy" => EventKind::Healthy,
                "health_status: unhealthy" => EventKind::Unhealthy,
                "destroy" => EventKind::Destroy,
                _ => return None,
            };
            Some(Ok(EngineEvent { container: actor.id?, kind }))
        })
    }
}

/// `None` for what stagectl and docker compose do themselves all the time: looking at things.
fn happening(event: EventMessage) -> Option<Happening> {
    let action = event.action?;
    if ["exec_", "top", "resize", "attach"].iter().any(|quiet| action.starts_with(quiet)) {
        return None;
    }
    let actor = event.actor.unwrap_or_default();
    let attributes = actor.attributes.unwrap_or_default();
    let attribute = |name: &str| attributes.get(name).cloned().unwrap_or_default();
    Some(Happening {
        time: Timestamp::from_nanosecond(i128::from(event.time_nano?)).ok()?,
        kind: event.typ.map(|kind| kind.to_string()).unwrap_or_default(),
        exit_code: attribute("exitCode").parse().ok(),
        service: attribute("com.docker.compose.service"),
        name: attribute("name"),
        id: actor.id?,
        action,
    })
}
