//! Production's model becomes the twin's, one decision at a time; each is written down with its reason. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use super::database::{self, Cache, Database};
use super::{reference, text};
use crate::compose::Model;
use crate::compose::tree::{Map, Node, Value};

/// What to derive, from what.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub production: &'a Model,
    /// The twin's project name.
    pub name: String,
    /// Production's folder, from which paths of its own mounts are named.
    pub directory: PathBuf,
    /// Host ports that nobody may take again.
    pub taken: BTreeSet<u16>,
    /// Mounted folders, as `mount:/srv/shop/conf`, of which the twin gets a copy.
    pub copy: BTreeSet<String>,
    /// The bind-mounted regular files, and those of folders to copy: path to text; nothing for what is no text, or too long to read.
    pub files: BTreeMap<String, Option<String>>,
    /// `network:proxy`, `mount:/srv/media`: shared with production, because somebody said so.
    pub share: BTreeSet<String>,
    /// The same, for which the twin gets an empty one of its own.
    pub own: BTreeSet<String>,
    /// Services that stay out.
    pub without: BTreeSet<String>,
}

/// One thing that differs from production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `services.web.ports`.
    pub at: String,
    /// `docker-compose.yml:12`; empty for what production's files do not hold.
    pub place: String,
    pub what: String,
    pub why: String,
    /// Somebody has to look at it.
    pub look: bool,
}

/// What nobody but the user can decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub at: String,
    pub place: String,
    pub what: String,
    /// The options that decide it.
    pub decide: Vec<String>,
}

/// A secret of the twin that is made once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Variable {
    pub hex: bool,
    pub length: usize,
}

/// The twin.
#[derive(Debug, Clone)]
pub struct Derived {
    /// As a compose file's model; references to variables as [`super::reference`] writes them.
    pub root: Node,
    pub variables: BTreeMap<String, Variable>,
    pub changes: Vec<Change>,
    pub refusals: Vec<Refusal>,
    pub database: Option<Database>,
    pub cache: Option<Cache>,
    /// Production's own addresses, that must never stand in staging.
    pub markers: BTreeSet<String>,
    /// Files of production that the twin has a copy of: from, to (below the twin's folder).
    pub copies: Vec<(PathBuf, PathBuf)>,
    /// Folders of the twin's own, below its folder.
    pub folders: BTreeSet<PathBuf>,
}

/// Derives a twin. With refusals, it is none yet.
pub fn derive(request: &Request) -> Derived {
    let mut deriver = Deriver::new(request);
    let mut root = request.production.root.clone();
    deriver.top(&mut root);
    let mut services = deriver.take_services(&mut root);
    deriver.taken.extend(super::ports::published(request.production).map(|port| port.host));
    for (name, service) in &mut services {
        let Some(service) = service.map_mut() else { continue };
        deriver.identity(name, service);
        deriver.reach(name, service);
        deriver.ports(name, service);
        deriver.attachments(name, service);
        deriver.mounts(name, service);
    }
    deriver.networks(&mut root);
    deriver.storage(&mut root);
    deriver.learn(&services);
    for (name, service) in &mut services {
        let Some(service) = service.map_mut() else { continue };
        deriver.environment(name, service);
        deriver.other_texts(name, service);
    }
    deriver.contents(&mut root);
    deriver.scan_files(&services);
    let (database, cache) = database::recognise(&mut deriver, &mut root, &mut services);
    for service in services.values_mut().filter_map(Node::map_mut) {
        service.retain(|key, node| {
            !matches!(key.as_str(), "command" | "entrypoint" | "labels") || !is_empty(node)
        });
    }
    if let Some(map) = root.map_mut() {
        map.insert("services".to_owned(), Node::implied(services));
    }
    Derived {
        root,
        variables: deriver.variables,
        changes: deriver.changes,
        refusals: deriver.refusals,
        database,
        cache,
        markers: deriver.markers,
        copies: deriver.copies,
        folders: deriver.folders,
    }
}

/// The work in progress.
pub(super) struct Deriver<'a> {
    pub request: &'a Request<'a>,
    pub taken: BTreeSet<u16>,
    pub changes: Vec<Change>,
    pub refusals: Vec<Refusal>,
    pub variables: BTreeMap<String, Variable>,
    /// A credential of production and what stands for it.
    pub secrets: BTreeMap<String, String>,
    /// An address of production and what stands for it.
    pub hosts: BTreeMap<String, String>,
    /// Hosts of the product's own pages.
    pub sites: BTreeMap<String, String>,
    pub own_names: BTreeSet<String>,
    pub markers: BTreeSet<String>,
    pub copies: Vec<(PathBuf, PathBuf)>,
    pub folders: BTreeSet<PathBuf>,
}

impl<'a> Deriver<'a> {
    fn new(request: &'a Request<'a>) -> Self {
        Self {
            request,
            taken: request.taken.clone(),
            changes: Vec::new(),
            refusals: Vec::new(),
            variables: BTreeMap::new(),
            secrets: BTreeMap::new(),
            hosts: BTreeMap::new(),
            sites: BTreeMap::new(),
            own_names: text::own_names(request.production),
            markers: BTreeSet::new(),
            copies: Vec::new(),
            folders: BTreeSet::new(),
        }
    }

    pub fn change(&mut self, at: &str, node: &Node, what: impl Into<String>, why: impl Into<String>) {
        let (at, place) = (at.to_owned(), self.place(node));
        self.changes.push(Change { at, place, what: what.into(), why: why.into(), look: false });
    }

    /// A change that somebody has to look at.
    pub fn look(&mut self, at: &str, node: &Node, what: impl Into<String>, why: impl Into<String>) {
        self.change(at, node, what, why);
        if let Some(change) = self.changes.last_mut() {
            change.look = true;
        }
    }

    pub fn refuse(&mut self, at: &str, node: &Node, what: impl Into<String>, decide: &[String]) {
        let (at, place) = (at.to_owned(), self.place(node));
        self.refusals.push(Refusal { at, place, what: what.into(), decide: decide.to_vec() });
    }

    pub fn may_share(&self, what: &str) -> bool {
        self.request.share.contains(what)
    }

    pub fn is_own(&self, what: &str) -> bool {
        self.request.own.contains(what)
    }

    fn place(&self, node: &Node) -> String {
        let file = self.request.production.files.get(usize::from(node.place.file));
        match file {
            Some(file) if node.place.line > 0 => {
                let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
                format!("{name}:{}", node.place.line)
            }
            _ => String::new(),
        }
    }

    /// The project's name, and extensions, which no container sees but which may hold anything.
    fn top(&mut self, root: &mut Node) {
        let before = self.request.production.name.clone();
        let name = self.request.name.clone();
        let node = root.get("name").cloned().unwrap_or_else(|| Node::implied(""));
        self.change("name", &node, format!("{before} becomes {name}"), "names in the engine begin with it");
        if let Some(map) = root.map_mut() {
            map.insert("name".to_owned(), Node::implied(name));
            map.retain(|key, _| !key.starts_with("x-"));
        }
    }

    fn take_services(&mut self, root: &mut Node) -> Map {
        let node = root.map_mut().and_then(|map| map.remove("services"));
        let Some(Value::Map(mut services)) = node.map(|node| node.value) else { return Map::new() };
        for name in &self.request.without {
            if let Some(node) = services.remove(name) {
                self.change(&format!("services.{name}"), &node, "left out", "--without says so");
            }
        }
        for service in services.values_mut() {
            let Some(service) = service.map_mut() else { continue };
            service.retain(|key, _| !key.starts_with("x-") && key != "develop");
            for key in ["depends_on", "links", "volumes_from"] {
                match service.get_mut(key).map(|node| &mut node.value) {
                    Some(Value::Map(map)) => map.retain(|name, _| !self.request.without.contains(name)),
                    Some(Value::List(list)) => list.retain(|one| {
                        let one = one.to_string();
                        !self.request.without.contains(one.split(':').next().unwrap_or_default())
                    }),
                    _ => {}
                }
            }
        }
        services
    }

    /// A variable of the twin's own for a credential of production; always the same one for the same value.
    pub fn secret(&mut self, service: &str, name: &str, value: &str) -> String {
        if let Some(known) = self.secrets.get(value) {
            return known.clone();
        }
        let names = reference::names(value);
        if !names.is_empty() {
            // Production's file takes it from a variable that is not known here.
            for name in names {
                self.variables.entry(name).or_insert(Variable { hex: false, length: 32 });
            }
            return value.to_owned();
        }
        let (before, core, after) = shape(value);
        let variable = self.variable(service, name, core);
        let text = format!("{before}{}{after}", reference::to(&variable));
        self.secrets.insert(value.to_owned(), text.clone());
        text
    }

    /// Declares a variable with a name that nothing else has.
    pub fn variable(&mut self, service: &str, name: &str, like: &str) -> String {
        let plain = |text: &str| {
            let text: String = text
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
                .collect();
            if text.starts_with(|c: char| c.is_ascii_digit()) { format!("_{text}") } else { text }
        };
        let mut wanted = plain(name);
        let mut number = 1;
        while self.variables.contains_key(&wanted) {
            wanted = plain(&format!("{service}_{name}"));
            if number > 1 {
                wanted = format!("{wanted}_{number}");
            }
            number += 1;
        }
        let hex = like.len() >= 16
            && like.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let length = if like.len() < 16 { 24 } else { like.len().min(128) };
        self.variables.insert(wanted.clone(), Variable { hex, length });
        wanted
    }
}

/// Says nothing: the image's own is meant.
fn is_empty(node: &Node) -> bool {
    node.is_null() || node.map().is_some_and(Map::is_empty)
}

/// What a credential keeps of its form: a prefix that its reader asks for, and the padding of base64.
fn shape(value: &str) -> (&str, &str, &str) {
    if let Some(at) = value.find("_live_") {
        let test = match &value[..at] {
            "sk" => "sk_test_",
            "pk" => "pk_test_",
            "rk" => "rk_test_",
            _ => "",
        };
        return (test, &value[at + 6..], "");
    }
    let (before, rest) = if value.starts_with("base64:") { value.split_at(7) } else { ("", value) };
    let core = rest.trim_end_matches('=');
    (before, core, &rest[core.len()..])
}
