//! From files to one merged tree: variables, `extends`, `include` and several files on top of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path as FilePath, PathBuf};

use super::interpolate::{self, At, Wrong as Mistake};
use super::tree::{Fault, Map, Node, Path, Place, Value};
use super::{canonical, dotenv, merge, normalise, paths, schema, yaml};
use crate::failure::Failure;

/// Reads a file; nothing where there is none.
pub type Read<'r> = dyn FnMut(&FilePath) -> Result<Option<String>, Failure> + 'r;

/// The variables that expressions see.
pub type Environment = BTreeMap<String, String>;

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// In the order in which they are laid on top of each other; absolute paths.
    pub files: Vec<PathBuf>,
    /// What relative paths start from: the folder of the first file, by default.
    pub directory: PathBuf,
    /// The process's variables, with those of `.env` below them.
    pub environment: Environment,
    /// Active profiles; `*` is all.
    pub profiles: BTreeSet<String>,
    /// In place of the name that the files give.
    pub name: Option<String>,
}

pub(super) struct Loader<'r, 'd> {
    pub read: &'r mut Read<'d>,
    pub files: Vec<PathBuf>,
    /// Variables that expressions named and nobody has set.
    pub unset: BTreeSet<String>,
}

/// How deep `include` and `extends` may go before they are taken for a circle.
const DEEPEST: usize = 32;

impl Loader<'_, '_> {
    /// The files merged, canonical, with absolute paths.
    pub fn model(
        &mut self,
        files: &[PathBuf],
        directory: &FilePath,
        environment: &Environment,
        depth: usize,
    ) -> Result<Node, Failure> {
        let mut dict = Node::implied(Map::new());
        for file in files {
            for (document, index) in self.documents(file)? {
                let mut layer = document;
                self.interpolate(&mut layer, environment)?;
                self.extends(&mut layer, file, directory, environment)?;
                self.include(&mut layer, directory, environment, depth)?;
                dict = merge::merge(dict, layer).map_err(|fault| self.refuse_fault(&fault))?;
                merge::unify(&mut dict, &Path::default());
                schema::check(&dict).map_err(|mut fault| {
                    if fault.place.line == 0 {
                        fault.place = Place { file: index, line: 1, column: 1 };
                    }
                    self.refuse_fault(&fault)
                })?;
            }
        }
        if let Some(map) = dict.map_mut() {
            map.remove("version");
            map.remove("include");
        }
        let mut dict = self.canonical(&dict)?;
        merge::unify(&mut dict, &Path::default());
        paths::absolute(&mut dict, directory, environment);
        Ok(dict)
    }

    fn documents(&mut self, file: &FilePath) -> Result<Vec<(Node, u16)>, Failure> {
        let text = (self.read)(file)?.ok_or_else(|| {
            Failure::config(format!("{}: there is no such file", file.display()))
                .hint("name the compose file with `-f FILE`")
        })?;
        let index = self.index(file);
        let documents = yaml::documents(&text, index)
            .map_err(|refused| self.refuse_at(refused.place, &Path::default(), &refused.words))?;
        if documents.is_empty() {
            return Err(Failure::config(format!("{}: empty compose file", file.display()))
                .hint("it needs `services`"));
        }
        for document in &documents {
            if document.map().is_none() {
                return Err(self.refuse(
                    document,
                    &Path::default(),
                    "a compose file is a mapping with `services`",
                ));
            }
        }
        Ok(documents.into_iter().map(|document| (document, index)).collect())
    }

    /// The `name` of a file, its expressions resolved.
    pub fn written_name(
        &mut self,
        file: &FilePath,
        environment: &Environment,
    ) -> Result<Option<String>, Failure> {
        let mut name = None;
        for (document, _) in self.documents(file)? {
            let Some(node) = document.get("name") else { continue };
            let mut only = Node::implied(Map::from([("name".to_owned(), node.clone())]));
            self.interpolate(&mut only, environment)?;
            name = only.get("name").map(Node::to_string).filter(|name| !name.is_empty()).or(name);
        }
        Ok(name)
    }

    fn index(&mut self, file: &FilePath) -> u16 {
        let known = self.files.iter().position(|known| known == file);
        known.unwrap_or_else(|| {
            self.files.push(file.to_owned());
            self.files.len() - 1
        }) as u16
    }

    fn interpolate(&mut self, node: &mut Node, environment: &Environment) -> Result<(), Failure> {
        let lookup = |name: &str| environment.get(name).cloned();
        let done = interpolate::tree(node, &lookup, &mut self.unset);
        done.map_err(|at| {
            let At { wrong, path, place } = at;
            match wrong {
                Mistake::Format => self
                    .refuse_at(place, &path, "has a `$` expression that cannot be read")
                    .hint("write `$$` for a dollar"),
                Mistake::Required { name, words } => {
                    let words = if words.is_empty() { String::new() } else { format!(": {words}") };
                    self.refuse_at(place, &path, &format!("the variable `{name}` is required{words}"))
                        .hint(format!("set {name} in the environment or in `.env`"))
                }
                Mistake::Type(wanted) => self.refuse_at(place, &path, &format!("must be {wanted}")),
            }
        })
    }

    /// Merges each service into the one that it extends.
    fn extends(
        &mut self,
        layer: &mut Node,
        file: &FilePath,
        directory: &FilePath,
        environment: &Environment,
    ) -> Result<(), Failure> {
        let Some(services) = layer.get("services").and_then(Node::map) else { return Ok(()) };
        let extending: Vec<String> = services
            .iter()
            .filter(|(_, s)| s.get("extends").is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in extending {
            let mut seen = Vec::new();
            let service = self.extended(layer, &name, file, directory, environment, &mut seen)?;
            if let Some(services) = layer.get_mut("services").and_then(Node::map_mut) {
                services.insert(name, service);
            }
        }
        Ok(())
    }

    fn extended(
        &mut self,
        layer: &Node,
        name: &str,
        file: &FilePath,
        directory: &FilePath,
        environment: &Environment,
        seen: &mut Vec<(PathBuf, String)>,
    ) -> Result<Node, Failure> {
        let path = Path::default().below("services").below(name);
        let service = layer.get("services").and_then(|services| services.get(name)).cloned();
        let service = service.unwrap_or_else(|| Node::implied(Map::new()));
        let Some(extends) = service.get("extends").cloned() else { return Ok(service) };
        let path = path.below("extends");
        let key = (file.to_owned(), name.to_owned());
        if seen.contains(&key) || seen.len() > DEEPEST {
            return Err(self.refuse(&extends, &path, "extends itself in a circle"));
        }
        seen.push(key);
        let base_name =
            extends.text().map(str::to_owned).or_else(|| extends.get("service").map(Node::to_string));
        let Some(base_name) = base_name else {
            return Err(self.refuse(&extends, &path, "needs the key `service`"));
        };
        let other = extends.get("file").map(Node::to_string);
        let base = match other {
            None => {
                let known = layer.get("services").and_then(|services| services.get(&base_name)).is_some();
                if !known {
                    return Err(self.refuse(&extends, &path, &format!("there is no service `{base_name}`")));
                }
                self.extended(layer, &base_name, file, directory, environment, seen)?
            }
            Some(other) => {
                let other = join(directory, &other);
                let folder = other.parent().unwrap_or(directory).to_owned();
                let mut found = None;
                if (self.read)(&other)?.is_none() {
                    return Err(self.refuse(
                        &extends,
                        &path,
                        &format!("there is no file {}", other.display()),
                    ));
                }
                for (mut document, _) in self.documents(&other)? {
                    self.interpolate(&mut document, environment)?;
                    if document.get("services").and_then(|services| services.get(&base_name)).is_some() {
                        found =
                            Some(self.extended(&document, &base_name, &other, &folder, environment, seen)?);
                    }
                }
                let Some(mut base) = found else {
                    let words = format!("there is no service `{base_name}` in {}", other.display());
                    return Err(self.refuse(&extends, &path, &words));
                };
                paths::absolute_service(&mut base, &folder);
                base
            }
        };
        let mut own = service;
        if let Some(map) = own.map_mut() {
            map.remove("extends");
        }
        merge::extend(base, own, name).map_err(|fault| self.refuse_fault(&fault))
    }

    /// Brings the resources of included models in.
    fn include(
        &mut self,
        layer: &mut Node,
        directory: &FilePath,
        environment: &Environment,
        depth: usize,
    ) -> Result<(), Failure> {
        let Some(include) = layer.map_mut().and_then(|map| map.remove("include")) else { return Ok(()) };
        let path = Path::default().below("include");
        if depth > DEEPEST {
            return Err(self.refuse(&include, &path, "includes itself in a circle"));
        }
        for (at, entry) in include.list().unwrap_or_default().iter().enumerate() {
            let path = path.below(&format!("[{at}]"));
            let texts = |node: Option<&Node>| -> Vec<String> {
                match node.map(|node| &node.value) {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::List(list)) => list.iter().map(Node::to_string).collect(),
                    Some(_) => node.map(Node::to_string).into_iter().collect(),
                }
            };
            let mut files =
                if entry.map().is_some() { texts(entry.get("path")) } else { vec![entry.to_string()] };
            if files.is_empty() {
                files.extend(texts(entry.get("file")));
            }
            let files: Vec<PathBuf> = files.iter().map(|file| join(directory, file)).collect();
            for file in &files {
                if (self.read)(file)?.is_none() {
                    return Err(self.refuse(entry, &path, &format!("there is no file {}", file.display())));
                }
            }
            let own = entry.get("project_directory").map(|node| join(directory, &node.to_string()));
            let folder = own.or_else(|| files.first().and_then(|file| file.parent()).map(FilePath::to_owned));
            let folder = folder.unwrap_or_else(|| directory.to_owned());
            let mut variables = Environment::new();
            let env_files: Vec<PathBuf> =
                texts(entry.get("env_file")).iter().map(|file| join(directory, file)).collect();
            let given = !env_files.is_empty();
            for file in if given { env_files } else { vec![folder.join(".env")] } {
                match self.variables(&file, environment)? {
                    Some(more) => variables.extend(more),
                    None if given => {
                        return Err(self.refuse(
                            entry,
                            &path,
                            &format!("there is no file {}", file.display()),
                        ));
                    }
                    None => {}
                }
            }
            variables.extend(environment.clone());
            let included = self.model(&files, &folder, &variables, depth + 1)?;
            self.import(layer, included, directory, environment, entry, &path)?;
        }
        Ok(())
    }

    fn import(
        &self,
        dict: &mut Node,
        included: Node,
        directory: &FilePath,
        environment: &Environment,
        entry: &Node,
        path: &Path,
    ) -> Result<(), Failure> {
        // What is defined twice must be the same, however it is spelled.
        let mut own = self.canonical(dict)?;
        paths::absolute(&mut own, directory, environment);
        for section in ["services", "networks", "volumes", "secrets", "configs"] {
            let Some(more) = included.get(section).and_then(Node::map) else { continue };
            let Some(map) = dict.map_mut() else { continue };
            let into = map.entry(section.to_owned()).or_insert_with(|| Node::implied(Map::new()));
            let Some(into) = into.map_mut() else { continue };
            for (name, value) in more {
                match own.get(section).and_then(|section| section.get(name)) {
                    Some(known) if known.json() != value.json() => {
                        let words = format!("`{section}.{name}` is defined here and in an included file");
                        return Err(self.refuse(entry, path, &words));
                    }
                    _ => {
                        into.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        Ok(())
    }

    /// The variables of a file; nothing where there is no such file.
    pub fn variables(
        &mut self,
        file: &FilePath,
        environment: &Environment,
    ) -> Result<Option<Environment>, Failure> {
        let Some(text) = (self.read)(file)? else { return Ok(None) };
        let lookup = |name: &str| environment.get(name).cloned();
        let parsed = dotenv::parse(&text, &lookup)
            .map_err(|bad| Failure::config(format!("{}:{}: {}", file.display(), bad.line, bad.words)))?;
        Ok(Some(parsed))
    }

    fn canonical(&self, dict: &Node) -> Result<Node, Failure> {
        let Some(map) = dict.map() else { return Ok(dict.clone()) };
        let mut done = Map::new();
        for (key, value) in map {
            let path = Path::default().below(key);
            let result = match key.as_str() {
                "services" => normalise::each(value, &path, canonical::service),
                "networks" | "volumes" | "secrets" | "configs" => canonical::section(key, value, &path),
                _ => Ok(value.clone()),
            };
            let node = result.map_err(|fault| self.refuse_fault(&fault))?;
            done.insert(key.clone(), node);
        }
        Ok(dict.with(done))
    }

    /// A failure that names the file, the line and the path of what is wrong.
    pub fn refuse(&self, node: &Node, path: &Path, words: &str) -> Failure {
        self.refuse_at(node.place, path, words)
    }

    fn refuse_fault(&self, fault: &Fault) -> Failure {
        self.refuse_at(fault.place, &fault.path, &fault.words)
    }

    fn refuse_at(&self, place: Place, path: &Path, words: &str) -> Failure {
        let mut text = String::new();
        if place.line > 0
            && let Some(file) = self.files.get(usize::from(place.file))
        {
            text = format!("{}:{}:{}: ", file.display(), place.line, place.column);
        }
        if !path.is_empty() {
            text.push_str(&format!("{path}: "));
        }
        Failure::config(text + words)
    }
}

/// A path of a compose file, from a folder, without `.` and `..`.
pub(super) fn join(folder: &FilePath, path: &str) -> PathBuf {
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                joined.pop();
            }
            part => joined.push(part),
        }
    }
    joined
}
