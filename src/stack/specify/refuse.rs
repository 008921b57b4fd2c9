//! What no Linux engine can do, or what stagectl would have to leave out: said before anything changes.

use super::files;
use crate::compose::typed::mount::MountKind;
use crate::compose::typed::{Project, Service};
use crate::failure::Failure;

/// Refuses a service that could not be made as its file says.
pub fn check(project: &Project, name: &str, service: &Service) -> Result<(), Failure> {
    let isolation = service.isolation.as_deref().is_some_and(|isolation| isolation != "default");
    let mount = |kind: MountKind| service.volumes.iter().any(|mount| mount.kind == kind);
    let keys = [
        (isolation, "isolation", "is for Windows containers"),
        (service.credential_spec.is_some(), "credential_spec", "is for Windows containers"),
        (mount(MountKind::Npipe), "volumes", "holds a named pipe, which is for Windows containers"),
        (mount(MountKind::Cluster), "volumes", "holds a cluster volume, which is for Swarm"),
        (service.provider.is_some(), "provider", "is run by a plugin of docker compose"),
        (service.models.is_some(), "models", "is run by a plugin of docker compose"),
        (!service.post_start.is_empty(), "post_start", "is not run by stagectl"),
        (!service.pre_stop.is_empty(), "pre_stop", "is not run by stagectl"),
        (service.use_api_socket, "use_api_socket", "would hand the engine and its logins to the container"),
    ];
    if let Some((_, key, why)) = keys.iter().find(|(present, _, _)| *present) {
        return Err(Failure::config(format!("services.{name}.{key} {why}"))
            .hint("stagectl refuses what it would otherwise have to leave out; remove the key"));
    }
    if service.container_name.is_some() && service.replicas() > 1 {
        return Err(Failure::config(format!("services.{name}: a container_name is for one replica")));
    }
    files::check(project, name, service)
}
