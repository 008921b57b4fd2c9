//! The Docker Engine: the only place that knows `bollard`.

mod archive;
mod build;
mod connect;
mod containers;
mod events;
mod exec;
mod images;
mod inspect;
mod logs;
mod model;
mod networks;
pub mod pipe;
mod registry;
mod spec;
mod stats;
mod top;
mod volumes;

pub use build::BuildSpec;
pub use connect::Engine;
pub use events::{EngineEvent, EventKind, Happening};
pub use exec::{ExecInput, ExecOutput, Running};
pub use logs::{LogLine, LogQuery};
pub use model::{
    Container, ContainerSummary, Endpoint, Health, Host, ImageInfo, LogDriver, Mount, Network, Probe,
    Published, State, Volume,
};
pub use spec::{
    BlockDevice, BlockIo, ContainerSpec, Device, DeviceRequest, EndpointSpec, FileSpec, Healthcheck, Limits,
    MountSpec, NetworkSpec, PortSpec, SubnetSpec, VolumeSpec,
};
pub use stats::{Stats, Usage};

use crate::failure::Failure;

/// True when the engine said that the object does not exist.
fn is_missing(error: &bollard::errors::Error) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code: 404, .. })
}

/// True when what was asked for is so already (304: a start of a started container).
fn is_already(error: &bollard::errors::Error) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code: 304, .. })
}

/// True when somebody else is removing the very thing (409).
fn is_being_removed(error: &bollard::errors::Error) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code: 409, message }
        if message.contains("already in progress"))
}

/// The engine's own words, without the HTTP wrapping.
fn failed(what: &str, error: bollard::errors::Error) -> anyhow::Error {
    let text = match &error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        other => other.to_string(),
    };
    Failure::failed(format!("{what}: {text}")).into()
}
