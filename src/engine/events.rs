//! The engine's events about the containers of a project.

use std::collections::HashMap;

use anyhow::Result;
use bollard::query_parameters::EventsOptions;
use futures_util::{Stream, StreamExt as _};

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

impl Engine {
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
