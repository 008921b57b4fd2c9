//! A plan: a graph of single calls to the engine, each with its cause, as text and as JSON. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::build::Build;
use super::labels::Dialect;
use super::specify::shares::Ids;
use crate::compose::tree::Node;
use crate::engine::{ContainerSpec, NetworkSpec, VolumeSpec};

/// A graph of steps: a step runs when those in `after` are done.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// What is odd but no reason to stop.
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    #[serde(flatten)]
    pub action: Action,
    /// Why it has to happen.
    pub cause: String,
    /// Indexes into [`Plan::steps`].
    pub after: Vec<usize>,
    /// Its failure is a warning: whoever needs it says `required: false`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// One call to the engine, or a wait.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    PullImage {
        image: String,
        platform: Option<String>,
    },
    BuildImage {
        build: Box<Build>,
    },
    CreateNetwork {
        spec: NetworkSpec,
    },
    CreateVolume {
        spec: VolumeSpec,
    },
    /// Gives the name free for the replacement; the container itself is kept until that is ready.
    SetAside {
        id: String,
        name: String,
        aside: String,
    },
    CreateContainer {
        spec: Box<ContainerSpec>,
        /// What only the containers made before it can tell.
        #[serde(skip)]
        pending: Option<Box<Pending>>,
    },
    Stop {
        id: String,
        name: String,
    },
    Start {
        name: String,
    },
    Wait {
        name: String,
        until: Until,
    },
    /// Runs only when everything else is done.
    Remove {
        id: String,
        name: String,
    },
    RemoveNetwork {
        name: String,
    },
    RemoveVolume {
        name: String,
    },
}

/// Containers that one shares a namespace or volumes with, while some of them are still to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The service's canonical form, which is hashed with the ids in it.
    pub canonical: Node,
    pub dialect: Dialect,
    /// The ids that are known, by service.
    pub ids: Ids,
    /// The names of the others, by service.
    pub made: BTreeMap<String, String>,
}

/// What a wait waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// Its health check succeeds; without one, it stays up.
    Ready,
    /// It ends with exit code 0.
    Completed,
}

impl Action {
    /// The verb of the text form.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::PullImage { .. } => "pull image",
            Self::BuildImage { .. } => "build image",
            Self::CreateNetwork { .. } => "create network",
            Self::CreateVolume { .. } => "create volume",
            Self::SetAside { .. } => "set aside",
            Self::CreateContainer { .. } => "create container",
            Self::Stop { .. } => "stop",
            Self::Start { .. } => "start",
            Self::Wait { until: Until::Ready, .. } => "wait for ready",
            Self::Wait { until: Until::Completed, .. } => "wait for the end of",
            Self::Remove { .. } => "remove container",
            Self::RemoveNetwork { .. } => "remove network",
            Self::RemoveVolume { .. } => "remove volume",
        }
    }

    /// What it acts on.
    pub fn object(&self) -> &str {
        match self {
            Self::PullImage { image, .. } => image,
            Self::BuildImage { build } => &build.image,
            Self::CreateNetwork { spec } => &spec.name,
            Self::CreateVolume { spec } => &spec.name,
            Self::CreateContainer { spec, .. } => &spec.name,
            Self::SetAside { name, .. }
            | Self::Stop { name, .. }
            | Self::Start { name }
            | Self::Wait { name, .. }
            | Self::Remove { name, .. }
            | Self::RemoveNetwork { name }
            | Self::RemoveVolume { name } => name,
        }
    }

    /// False for waits: they change nothing.
    pub const fn changes(&self) -> bool {
        !matches!(self, Self::Wait { .. })
    }
}

impl Plan {
    /// True when nothing would change.
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(|step| step.action.changes())
    }

    /// This plan, and then another one.
    #[must_use]
    pub fn and_then(mut self, next: Self) -> Self {
        let count = self.steps.len();
        let shifted = next.steps.into_iter().map(|step| {
            let after = step.after.iter().map(|index| index + count).chain(0..count).collect();
            Step { after, ..step }
        });
        self.steps.extend(shifted);
        self.warnings.extend(next.warnings);
        self
    }

    /// One line a step, causes aligned.
    pub fn text(&self) -> String {
        let width = |of: fn(&Step) -> usize| self.steps.iter().map(of).max().unwrap_or_default();
        let verbs = width(|step| step.action.verb().len());
        let objects = width(|step| step.action.object().len());
        self.steps
            .iter()
            .map(|step| {
                let (verb, object) = (step.action.verb(), step.action.object());
                format!("{verb:verbs$}  {object:objects$}  {}", step.cause).trim_end().to_owned() + "\n"
            })
            .collect()
    }

    /// The plan for machines. Environments are left out: they hold secrets.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "steps": self.steps, "warnings": self.warnings })
    }

    pub(super) fn push(&mut self, action: Action, cause: impl Into<String>, after: Vec<usize>) -> usize {
        self.steps.push(Step { action, cause: cause.into(), after, optional: false });
        self.steps.len() - 1
    }
}
