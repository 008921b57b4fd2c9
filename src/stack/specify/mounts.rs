//! Volumes and folders of the host: the plain ones as binds, the others as mounts.

use std::collections::BTreeSet;

use super::files;
use crate::compose::typed::mount::{Mount, MountKind};
use crate::compose::typed::{Project, Service};
use crate::engine::{Container, MountSpec};

#[derive(Debug, Default)]
pub struct Mounts {
    /// `source:target:rw`.
    pub binds: Vec<String>,
    pub mounts: Vec<MountSpec>,
}

pub fn mounts(project: &Project, service: &Service, old: Option<&Container>) -> Mounts {
    let mut out = Mounts::default();
    for mount in &service.volumes {
        let source = match mount.kind {
            MountKind::Volume => project.volumes.get(&mount.source).map_or(&mount.source, |v| &v.name),
            _ => &mount.source,
        };
        match plain(mount) {
            Some(options) if !source.is_empty() => {
                let access = if mount.read_only { "ro" } else { "rw" };
                let options: String = options.into_iter().fold(access.to_owned(), |all, one| all + "," + one);
                out.binds.push(format!("{source}:{}:{options}", mount.target));
            }
            _ => out.mounts.push(whole(mount, source)),
        }
    }
    out.mounts.extend(files::bound(project, service));
    let handed_on = handed_on(service, old);
    out.mounts.retain(|own| !handed_on.iter().any(|mount| mount.target == own.target));
    out.mounts.extend(handed_on);
    out
}

/// The options of a mount that a bind can express.
fn plain(mount: &Mount) -> Option<Vec<&str>> {
    match mount.kind {
        MountKind::Bind if mount.bind.create_host_path && mount.bind.recursive.is_none() => {
            Some(mount.bind.selinux.as_deref().into_iter().chain(mount.bind.propagation.as_deref()).collect())
        }
        MountKind::Volume if mount.volume.subpath.is_none() && mount.volume.labels.is_empty() => {
            Some(mount.volume.nocopy.then_some("nocopy").into_iter().collect())
        }
        _ => None,
    }
}

fn whole(mount: &Mount, source: &str) -> MountSpec {
    MountSpec {
        kind: match mount.kind {
            MountKind::Bind => "bind",
            MountKind::Tmpfs => "tmpfs",
            MountKind::Image => "image",
            _ => "volume",
        }
        .to_owned(),
        source: source.to_owned(),
        target: mount.target.clone(),
        read_only: mount.read_only,
        consistency: mount.consistency.clone(),
        propagation: mount.bind.propagation.clone(),
        recursive: mount.bind.recursive.clone(),
        nocopy: mount.volume.nocopy,
        subpath: mount.volume.subpath.clone().or_else(|| mount.image.subpath.clone()),
        labels: mount.volume.labels.clone(),
        size: mount.tmpfs.size.0,
        mode: mount.tmpfs.mode,
    }
}

/// The engine calls a volume that nobody has named by 64 hexadecimal digits.
fn is_nameless(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The volumes without a name of the container that is replaced, so that what is in them stays.
fn handed_on(service: &Service, old: Option<&Container>) -> Vec<MountSpec> {
    let mut taken: BTreeSet<&str> = service
        .volumes
        .iter()
        .filter(|mount| !(mount.kind == MountKind::Volume && mount.source.is_empty()))
        .map(|mount| mount.target.as_str())
        .collect();
    taken.extend(service.tmpfs.iter().map(|text| text.split(':').next().unwrap_or_default()));
    let shared = !service.volumes_from.is_empty();
    old.into_iter()
        .filter(|_| !shared)
        .flat_map(|old| &old.mounts)
        .filter(|mount| mount.kind == "volume" && is_nameless(&mount.name))
        .filter(|mount| !taken.contains(mount.target.as_str()))
        .map(|mount| MountSpec {
            kind: "volume".to_owned(),
            source: mount.name.clone(),
            target: mount.target.clone(),
            read_only: !mount.writable,
            ..MountSpec::default()
        })
        .collect()
}
