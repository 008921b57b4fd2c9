//! Secrets, configs and other files of the host: mounted or copied into the container, and known
//! by a digest, so that a container is made anew when one of them changed. Pure.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::compose::typed::mount::{FileSource, FileUse, MountKind};
use crate::compose::typed::{Project, Service};
use crate::engine::{FileSpec, MountSpec};
use crate::failure::Failure;

/// The permission bits of a copied file that says none.
const MODE: u32 = 0o444;
/// How many hexadecimal digits of a digest are kept: it tells a change, it proves nothing.
const DIGITS: usize = 16;

/// The contents of files of the host, by absolute path. May hold secrets: never printed.
#[derive(Clone, Default)]
pub struct HostFiles(BTreeMap<String, Vec<u8>>);

impl std::fmt::Debug for HostFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, Vec<u8>)> for HostFiles {
    fn from_iter<I: IntoIterator<Item = (String, Vec<u8>)>>(files: I) -> Self {
        Self(files.into_iter().collect())
    }
}

impl HostFiles {
    /// The paths that the selected services use: secrets, configs, profiles, files mounted read-only.
    pub fn wanted(project: &Project, selected: &BTreeSet<String>) -> BTreeSet<String> {
        let mut wanted = BTreeSet::new();
        for (_, service) in project.services.iter().filter(|(name, _)| selected.contains(*name)) {
            wanted.extend(uses(project, service).filter_map(|(_, _, source)| source.file.clone()));
            wanted.extend(service.security_opt.iter().filter_map(|option| profile(project, option)));
            let mounts = service.volumes.iter().filter(|m| m.kind == MountKind::Bind && m.read_only);
            wanted.extend(mounts.map(|mount| mount.source.clone()));
        }
        wanted
    }

    /// A security option with the profile's text in place of its path.
    pub fn security_option(&self, project: &Project, option: &str) -> String {
        let text = profile(project, option).and_then(|path| self.0.get(&path));
        text.map_or_else(
            || option.to_owned(),
            |text| {
                // Compact, as docker compose writes it; what is no JSON, the engine refuses.
                let compact = serde_json::from_slice::<serde_json::Value>(text).map(|json| json.to_string());
                format!("seccomp={}", compact.unwrap_or_else(|_| String::from_utf8_lossy(text).into_owned()))
            },
        )
    }
}

/// The path of a seccomp profile.
fn profile(project: &Project, option: &str) -> Option<String> {
    let path = option.strip_prefix("seccomp").and_then(|rest| rest.strip_prefix(['=', ':']))?;
    let named = !matches!(path, "unconfined" | "builtin");
    named.then(|| project.folder.join(path).display().to_string())
}

/// The secrets and configs of a service: the use, where it stands, and what it is.
fn uses<'a>(
    project: &'a Project,
    service: &'a Service,
) -> impl Iterator<Item = (&'a FileUse, String, &'a FileSource)> {
    let secrets = service.secrets.iter().filter_map(|one| {
        let target = one.target.clone().unwrap_or_else(|| one.source.clone());
        let target = if target.starts_with('/') { target } else { format!("/run/secrets/{target}") };
        Some((one, target, project.secrets.get(&one.source)?))
    });
    let configs = service.configs.iter().filter_map(|one| {
        let target = one.target.clone().unwrap_or_else(|| one.source.clone());
        let target = if target.starts_with('/') { target } else { format!("/{target}") };
        Some((one, target, project.configs.get(&one.source)?))
    });
    secrets.chain(configs)
}

/// A file with an owner or a mode of its own is copied: a mount has those of the host.
fn is_copied(one: &FileUse, source: &FileSource) -> bool {
    source.file.is_none() || one.uid.is_some() || one.gid.is_some() || one.mode.is_some()
}

/// The secrets and configs that are mounted.
pub fn bound(project: &Project, service: &Service) -> Vec<MountSpec> {
    uses(project, service)
        .filter(|(one, _, source)| !is_copied(one, source))
        .map(|(_, target, source)| MountSpec {
            kind: "bind".to_owned(),
            source: source.file.clone().unwrap_or_default(),
            target,
            read_only: true,
            ..MountSpec::default()
        })
        .collect()
}

/// The secrets and configs that are copied.
pub fn copied(project: &Project, service: &Service, files: &HostFiles) -> Vec<FileSpec> {
    uses(project, service)
        .filter(|(one, _, source)| is_copied(one, source))
        .map(|(one, target, source)| FileSpec {
            target,
            uid: one.uid.as_ref().and_then(|uid| uid.0.parse().ok()).unwrap_or_default(),
            gid: one.gid.as_ref().and_then(|gid| gid.0.parse().ok()).unwrap_or_default(),
            mode: one.mode.as_ref().and_then(|mode| u32::from_str_radix(&mode.0, 8).ok()).unwrap_or(MODE),
            content: content(project, source, files).unwrap_or_default(),
        })
        .collect()
}

fn content(project: &Project, source: &FileSource, files: &HostFiles) -> Option<Vec<u8>> {
    match (&source.environment, &source.file) {
        (Some(variable), _) => project.environment.get(variable).map(|value| value.clone().into_bytes()),
        (None, Some(file)) => files.0.get(file).cloned(),
        (None, None) => source.content.as_ref().map(|text| text.clone().into_bytes()),
    }
}

/// Refuses a secret or config that cannot be had.
pub fn check(project: &Project, name: &str, service: &Service) -> Result<(), Failure> {
    for (one, target, source) in uses(project, service) {
        let what = format!("services.{name}: {} ({target})", one.source);
        if source.external {
            return Err(Failure::config(format!(
                "{what} is external, and this engine keeps no secrets or configs"
            ))
            .hint("give it a `file`, an `environment` or a `content`"));
        }
        if let Some(variable) = source.environment.as_ref().filter(|v| !project.environment.contains_key(*v))
        {
            return Err(Failure::config(format!("{what}: the variable {variable} is not set")));
        }
    }
    Ok(())
}

/// What the files of a service were when its container was made, by place in the container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileDigests(BTreeMap<String, String>);

impl FileDigests {
    pub fn of(project: &Project, service: &Service, files: &HostFiles) -> Self {
        let named = uses(project, service)
            .filter_map(|(_, target, source)| Some((target, digest(&content(project, source, files)?))));
        let mounted = service
            .volumes
            .iter()
            .filter(|mount| mount.kind == MountKind::Bind && mount.read_only)
            .filter_map(|mount| Some((mount.target.clone(), digest(files.0.get(&mount.source)?))));
        Self(named.chain(mounted).collect())
    }

    /// As a label; `None` for a service without files.
    pub fn label(&self) -> Option<String> {
        let lines: Vec<String> = self.0.iter().map(|(target, digest)| format!("{digest} {target}")).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The first file that is not what it was. A file that the label does not know tells nothing.
    pub fn changed(&self, label: &str) -> Option<&str> {
        label.lines().filter_map(|line| line.split_once(' ')).find_map(|(before, target)| {
            let (target, now) = self.0.get_key_value(target)?;
            (now != before).then_some(target.as_str())
        })
    }
}

fn digest(content: &[u8]) -> String {
    let hex = Sha256::digest(content).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    hex.get(..DIGITS).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_named_and_one_that_was_not_known_is_not() {
        let digests = |pairs: &[(&str, &str)]| {
            FileDigests(pairs.iter().map(|(t, c)| ((*t).to_owned(), digest(c.as_bytes()))).collect())
        };
        let label = digests(&[("/a", "1"), ("/b", "2")]).label().unwrap();
        assert_eq!(digests(&[("/a", "1"), ("/b", "2")]).changed(&label), None);
        assert_eq!(digests(&[("/a", "1"), ("/b", "3")]).changed(&label), Some("/b"));
        assert_eq!(digests(&[("/a", "1"), ("/c", "3")]).changed(&label), None);
        assert_eq!(digests(&[("/a", "1")]).changed(""), None);
    }
}
