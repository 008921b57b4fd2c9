//! A whole project out of compose files: what `docker compose config` would print, and how it hashes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::load::{Environment, Loader, Read, Request};
use super::tree::{Map, Node, Path};
use super::{normalise, references};
use crate::failure::Failure;

/// The resolved model.
#[derive(Debug, Clone)]
pub struct Model {
    pub name: String,
    /// Every file that was read for it, in the order of reading.
    pub files: Vec<PathBuf>,
    /// Canonical; holds what the active profiles bring.
    pub root: Node,
    /// Services that only other profiles bring, by name, with those profiles.
    pub inactive: BTreeMap<String, Vec<String>>,
    /// Variables that expressions named and nobody has set: they stand for nothing.
    pub unset: BTreeSet<String>,
}

/// Reads, merges and completes compose files.
///
/// # Errors
/// A configuration failure that names file, line, column and path of what docker compose would refuse.
pub fn load(request: &Request, read: &mut Read<'_>) -> Result<Model, Failure> {
    let mut loader = Loader { read, files: Vec::new(), unset: BTreeSet::new() };
    let mut environment = request.environment.clone();
    if let Some(name) = &request.name {
        environment.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    }
    let mut root = loader.model(&request.files, &request.directory, &environment, 0)?;
    let name = project_name(request, &root, &loader)?;
    let inactive = profiles(&mut root, &request.profiles);
    normalise::model(&mut root, &name, &environment);
    references::check(&root, &inactive, &loader)?;
    loader.files_of_services(&mut root, &environment)?;
    references::drop_unused(&mut root);
    references::drop_absent_dependencies(&mut root);
    if let Some(map) = root.map_mut() {
        map.insert("name".to_owned(), Node::implied(name.as_str()));
        map.retain(|key, value| key.starts_with("x-") || key == "name" || value.map().is_some_and(|m| !m.is_empty()));
    }
    Ok(Model { name, files: loader.files, root, inactive, unset: loader.unset })
}

fn project_name(request: &Request, root: &Node, loader: &Loader<'_, '_>) -> Result<String, Failure> {
    let given = request.name.clone().or_else(|| {
        request.environment.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()).cloned()
    });
    let written = root.get("name");
    let name = match (&given, written) {
        (Some(name), _) => name.clone(),
        (None, Some(node)) if !node.to_string().is_empty() => node.to_string(),
        _ => {
            let folder = request.directory.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            let kept = folder.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            kept.collect::<String>().trim_start_matches(['_', '-']).to_owned()
        }
    };
    let good = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    if good {
        return Ok(name);
    }
    let words = format!("`{name}` is no project name");
    let hint = "lower-case letters, digits, `-` and `_`, beginning with a letter or digit";
    Err(match (given, written) {
        (None, Some(node)) => loader.refuse(node, &Path::default().below("name"), &words).hint(hint),
        (None, None) => Failure::config(words).hint(hint).hint("write `name:` into the compose file"),
        (Some(_), _) => Failure::usage(words).hint(hint),
    })
}

/// Takes the services out that no active profile brings.
fn profiles(root: &mut Node, active: &BTreeSet<String>) -> BTreeMap<String, Vec<String>> {
    let mut inactive = BTreeMap::new();
    let Some(services) = root.get_mut("services").and_then(Node::map_mut) else { return inactive };
    services.retain(|name, service| {
        let own: Vec<String> =
            service.get("profiles").and_then(Node::list).unwrap_or_default().iter().map(Node::to_string).collect();
        let stays = own.is_empty() || active.contains("*") || own.iter().any(|profile| active.contains(profile));
        if !stays {
            inactive.insert(name.clone(), own);
        }
        stays
    });
    inactive
}

/// The variables of a `.env` file below those of the process.
pub fn environment(dotenv: Option<Environment>, process: Environment) -> Environment {
    let mut all = dotenv.unwrap_or_default();
    all.extend(process);
    all
}

impl Model {
    pub fn services(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.section("services")
    }

    pub fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Node)> {
        static NONE: Map = Map::new();
        self.root.get(name).and_then(Node::map).unwrap_or(&NONE).iter()
    }
}
