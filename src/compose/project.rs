//! A whole project out of compose files: what `docker compose config` would print, and how it hashes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::load::{Environment, Loader, Read, Request};
use super::tree::{Map, Node};
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
    let name = loader.project_name(request)?;
    // Expressions may use it.
    environment.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    let mut root = loader.model(&request.files, &request.directory, &environment, 0)?;
    let inactive = profiles(&mut root, &request.profiles);
    normalise::model(&mut root, &name, &environment);
    references::check(&root, &inactive, &loader)?;
    loader.files_of_services(&mut root, &environment)?;
    references::drop_unused(&mut root);
    if let Some(map) = root.map_mut() {
        map.insert("name".to_owned(), Node::implied(name.as_str()));
        map.entry("services".to_owned()).or_insert_with(|| Node::implied(Map::new()));
        map.retain(|key, value| match key.as_str() {
            "name" | "services" => true,
            "networks" | "volumes" | "secrets" | "configs" => value.map().is_some_and(|map| !map.is_empty()),
            key => key.starts_with("x-"),
        });
    }
    Ok(Model { name, files: loader.files, root, inactive, unset: loader.unset })
}

/// The project's name alone, also of files whose rest cannot be read.
pub fn name(request: &Request, read: &mut Read<'_>) -> Result<String, Failure> {
    Loader { read, files: Vec::new(), unset: BTreeSet::new() }.project_name(request)
}

impl Loader<'_, '_> {
    /// The name of the command line, of the environment, of the files or of the folder, in this order.
    fn project_name(&mut self, request: &Request) -> Result<String, Failure> {
        let hint = "lower-case letters, digits, `-` and `_`, beginning with a letter or digit";
        let environment = request.environment.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty());
        if let Some(name) = request.name.as_ref().or(environment) {
            if *name == plain_name(name) {
                return Ok(name.clone());
            }
            return Err(Failure::usage(format!("`{name}` is no project name")).hint(hint));
        }
        let mut written = None;
        for file in &request.files {
            written = self.written_name(file, &request.environment)?.or(written);
        }
        let folder = request.directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = plain_name(&written.unwrap_or(folder));
        if name.is_empty() {
            return Err(
                Failure::config("the project has no name").hint("write `name:` into the compose file")
            );
        }
        Ok(name)
    }
}

/// A name as docker compose makes one of any text.
fn plain_name(text: &str) -> String {
    let lower = text.to_lowercase();
    let kept =
        lower.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    kept.collect::<String>().trim_start_matches(['_', '-']).to_owned()
}

/// Takes the services out that no active profile brings.
fn profiles(root: &mut Node, active: &BTreeSet<String>) -> BTreeMap<String, Vec<String>> {
    let mut inactive = BTreeMap::new();
    let Some(services) = root.get_mut("services").and_then(Node::map_mut) else { return inactive };
    services.retain(|name, service| {
        let own: Vec<String> = service
            .get("profiles")
            .and_then(Node::list)
            .unwrap_or_default()
            .iter()
            .map(Node::to_string)
            .collect();
        let stays =
            own.is_empty() || active.contains("*") || own.iter().any(|profile| active.contains(profile));
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
