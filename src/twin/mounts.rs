//! Folders and files of the host: what production can write, the twin has its own of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::derive::Deriver;
use super::{credential, host, path};
use crate::compose::tree::{Map, Node};

/// Where the twin's own folders are, below its folder: data, and nothing for git.
pub const OWN: &str = "staging-data/mounts";
/// Where its copies of files are: as fit for git as production's.
const COPIES: &str = "twin-files";

enum Place {
    /// Read where it is.
    Stays,
    /// Read where it is, never written.
    ReadOnly,
    /// An empty folder of the twin's own.
    OwnFolder,
    /// A copy of the file.
    Copy,
    Refused,
}

/// A path of the twin's folder, as its compose file writes it.
fn below(path: &Path) -> String {
    format!("./{}", path.display())
}

impl Deriver<'_> {
    pub(super) fn mounts(&mut self, name: &str, service: &mut Map) {
        let data = self.written_folders();
        let Some(volumes) = service.get_mut("volumes").and_then(Node::list_mut) else { return };
        for mount in volumes {
            let node = Node::implied(vec![mount.clone()]);
            let service = Node::implied(Map::from([("volumes".to_owned(), node)]));
            let Some(bind) = host::binds(&service).next() else { continue };
            let at = format!("services.{name}.volumes");
            let place = mount.clone();
            let folder = self.own_place(OWN, &bind.source);
            let copy = self.own_place(COPIES, &bind.source);
            let shown = self.shown(&bind.source);
            let Some(map) = mount.map_mut() else { continue };
            match self.decide(&bind, &data) {
                Place::Stays => {}
                Place::ReadOnly => {
                    map.insert("read_only".to_owned(), Node::implied(true));
                    self.change(&at, &place, format!("{shown} is only read"), "production uses it too");
                }
                Place::OwnFolder => {
                    map.insert("source".to_owned(), Node::implied(below(&folder)));
                    let what = format!("{shown} becomes ./{}, empty", folder.display());
                    self.folders.insert(folder);
                    self.look(&at, &place, what, "production writes there: its data stays its own (`--copy mount:…` takes a copy of what is no data)");
                }
                Place::Copy => {
                    map.insert("source".to_owned(), Node::implied(below(&copy)));
                    self.copies.push((PathBuf::from(&bind.source), copy.clone()));
                    self.change(
                        &at,
                        &place,
                        format!("{shown} becomes ./{}, a copy", copy.display()),
                        "a container may write to it",
                    );
                }
                Place::Refused => {
                    let permit = format!("mount:{}", bind.source);
                    let (what, decide) = if host::reaches_the_host(&bind) {
                        let without = format!("--without {name}");
                        (
                            format!("{shown} gives the twin a hand in the host or its engine"),
                            [without, format!("--share {permit}")],
                        )
                    } else {
                        (
                            format!("{shown} holds keys of production"),
                            [format!("--own {permit}"), format!("--share {permit}")],
                        )
                    };
                    self.refuse(&at, &place, what, &decide);
                }
            }
        }
    }

    fn decide(&self, bind: &host::Bind, data: &BTreeSet<String>) -> Place {
        let source = Path::new(&bind.source);
        let permit = format!("mount:{}", bind.source);
        let is_file = self.request.files.contains_key(&bind.source);
        if self.request.copy.contains(&permit) {
            Place::Copy
        } else if self.may_share(&permit) {
            Place::Stays
        } else if self.is_own(&permit) {
            Place::OwnFolder
        } else if path::is_common(source) {
            if bind.writable { Place::ReadOnly } else { Place::Stays }
        } else if path::reaches_the_host(source)
            || path::holds_keys(source) && !bind.writable
            || is_file && path::holds_keys(source)
        {
            Place::Refused
        } else if is_file && bind.writable {
            Place::Copy
        } else if bind.writable || data.iter().any(|folder| path::overlap(source, Path::new(folder))) {
            // Read beside one who writes: still production's data.
            if is_file { Place::Copy } else { Place::OwnFolder }
        } else {
            Place::Stays
        }
    }

    /// Everything of the host that some container of production writes to.
    fn written_folders(&self) -> BTreeSet<String> {
        let services = self.request.production.services();
        let binds = services.flat_map(|(_, service)| host::binds(service));
        binds
            .filter(|bind| bind.writable && !path::is_common(Path::new(&bind.source)))
            .map(|bind| bind.source)
            .collect()
    }

    /// The twin's own path for one of production's: the same for all that use it, and nested where theirs are.
    fn own_place(&self, parent: &str, source: &str) -> PathBuf {
        let relative = Path::new(source).strip_prefix(&self.request.directory);
        let inside = relative
            .map_or_else(|_| Path::new("root").join(source.trim_start_matches('/')), Path::to_path_buf);
        if inside.as_os_str().is_empty() {
            Path::new(parent).join("project")
        } else {
            Path::new(parent).join(inside)
        }
    }

    /// As people would write it.
    fn shown(&self, source: &str) -> String {
        match Path::new(source).strip_prefix(&self.request.directory) {
            Ok(inside) => format!("./{}", inside.display()),
            Err(_) => source.to_owned(),
        }
    }

    /// Files that a container reads may hold what its variables hold.
    pub(super) fn scan_files(&mut self, services: &Map) {
        for (name, service) in services {
            for bind in host::binds(service) {
                let copied = self.copies.iter().find(|(_, to)| below(to) == bind.source);
                let source =
                    copied.map_or_else(|| bind.source.clone(), |(from, _)| from.display().to_string());
                let permit = format!("mount:{source}");
                if self.may_share(&permit) {
                    continue;
                }
                let files =
                    self.request.files.iter().filter(|(file, _)| Path::new(file).starts_with(&source));
                let found = files.filter_map(|(file, text)| {
                    let line = text.as_ref()?.lines().position(|line| self.holds_credential(line))?;
                    Some(format!("{}:{} holds a credential of production", self.shown(file), line + 1))
                });
                for what in found.collect::<Vec<_>>() {
                    let decide = [format!("--own {permit}"), format!("--share {permit}")];
                    self.refuse(&format!("services.{name}.volumes"), &Node::implied(""), what, &decide);
                }
            }
        }
    }

    fn holds_credential(&self, line: &str) -> bool {
        credential::is_live(line)
            || self.secrets.keys().any(|value| super::text::is_strong(value) && line.contains(value.as_str()))
    }
}
