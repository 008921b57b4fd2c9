//! Where a command's compose project is read from: the files of the command line, or the
//! generated one of the folder of `stagectl.yml`; and where its runs keep their lock and journal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::render::COMPOSE_FILE;
use crate::compose::load::Request;
use crate::compose::typed::{Project, Selection};
use crate::compose::{self, Environment, Model, dotenv};
use crate::config::load;
use crate::config::settings::BACKUPS;
use crate::failure::Failure;

/// What the command line says about the project.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub files: Vec<PathBuf>,
    pub name: Option<String>,
    pub profiles: Vec<String>,
    /// In place of `.env`.
    pub env_files: Vec<PathBuf>,
    /// What relative paths start from. None: the folder of the first file.
    pub directory: Option<PathBuf>,
}

/// A compose project to be read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Absolute.
    pub files: Vec<PathBuf>,
    pub directory: PathBuf,
    pub env_files: Vec<PathBuf>,
    pub name: Option<String>,
    pub profiles: BTreeSet<String>,
    /// The folder of `stagectl.yml`, where the file is the one generated there.
    pub twin: Option<PathBuf>,
    environment: Environment,
}

impl Source {
    /// The files named on the command line, else the generated one below `root`.
    pub fn find(root: &Path, choice: &Choice) -> Result<Self> {
        if choice.files.is_empty() && choice.name.is_none() {
            return Self::generated(root, choice);
        }
        let here = std::env::current_dir().context("find the working directory")?;
        let files: Vec<PathBuf> = choice.files.iter().map(|file| here.join(file)).collect();
        for file in &files {
            if !file.is_file() {
                return Err(Failure::config(format!("{}: there is no such file", file.display()))
                    .hint("name a compose file with `--file`")
                    .into());
            }
        }
        let folder = match &choice.directory {
            Some(folder) => here.join(folder),
            None => files.first().and_then(|file| file.parent()).unwrap_or(&here).to_owned(),
        };
        let directory = fs_err::canonicalize(folder)?;
        let process: Environment = std::env::vars().collect();
        let env_files: Vec<PathBuf> = choice.env_files.iter().map(|file| here.join(file)).collect();
        let environment = environment(&directory, &env_files, process)?;
        let mut profiles: BTreeSet<String> = choice.profiles.iter().cloned().collect();
        if let (true, Some(names)) = (profiles.is_empty(), environment.get("COMPOSE_PROFILES")) {
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            profiles.extend(names.map(str::to_owned));
        }
        let files = files.iter().map(fs_err::canonicalize).collect::<Result<_, _>>()?;
        let name = choice.name.clone();
        let mut source = Self { files, directory, env_files, name, profiles, twin: None, environment };
        source.twin = source.beside_settings();
        Ok(source)
    }

    /// The folder of `stagectl.yml`, where the one file is the one generated there: one lock for both ways to name it.
    fn beside_settings(&self) -> Option<PathBuf> {
        let [file] = self.files.as_slice() else { return None };
        let root = file.parent()?;
        let generated = file == &root.join(COMPOSE_FILE) && self.name.is_none();
        (generated && root.join(load::FILE).is_file()).then(|| root.to_owned())
    }

    /// The generated file of a twin: its own name and profiles, whatever the shell or a `.env` has set.
    pub fn generated(root: &Path, choice: &Choice) -> Result<Self> {
        let root = load::folder(root)?;
        let mut process: Environment = std::env::vars().collect();
        process.retain(|name, _| !name.starts_with("COMPOSE_"));
        Ok(Self {
            files: vec![root.join(COMPOSE_FILE)],
            directory: root.clone(),
            env_files: Vec::new(),
            name: None,
            profiles: choice.profiles.iter().cloned().collect(),
            environment: process,
            twin: Some(root),
        })
    }

    /// What is to be read, with these profiles on top.
    pub fn request(&self, profiles: &BTreeSet<String>) -> Request {
        Request {
            files: self.files.clone(),
            directory: self.directory.clone(),
            environment: self.environment.clone(),
            profiles: self.profiles.union(profiles).cloned().collect(),
            name: self.name.clone(),
        }
    }

    /// The resolved tree.
    pub fn model(&self) -> Result<Model> {
        self.exists()?;
        Ok(compose::load(&self.request(&BTreeSet::new()), &mut read)?)
    }

    /// The project, with the profiles of the selection and of the services that it names.
    pub fn load(&self, selection: &Selection) -> Result<Project> {
        self.exists()?;
        self.load_from(selection, &mut read)
    }

    /// The same from files that `read` knows.
    pub fn load_from(&self, selection: &Selection, read: &mut compose::load::Read<'_>) -> Result<Project> {
        let mut active = selection.active();
        let mut project = Project::load(&self.request(&active), read)?;
        let named: Vec<&Vec<String>> =
            selection.services.iter().filter_map(|name| project.inactive.get(name)).collect();
        if !named.is_empty() {
            active.extend(named.into_iter().flatten().cloned());
            project = Project::load(&self.request(&active), read)?;
        }
        project.env_files.clone_from(&self.env_files);
        Ok(project)
    }

    /// The project's name alone: for commands that must work also when the rest cannot be read.
    pub fn project_name(&self) -> Result<String> {
        if let (Some(name), true) = (&self.name, self.files.is_empty()) {
            return Ok(name.clone());
        }
        match &self.twin {
            Some(root) if !root.join(COMPOSE_FILE).exists() => Ok(load::load(root)?.project),
            _ => Ok(compose::project::name(&self.request(&BTreeSet::new()), &mut read)?),
        }
    }

    /// The folder of the lock and the journal of runs on `project`. A folder that is not a twin's
    /// is left clean: what belongs to it stands below `$XDG_STATE_HOME/stagectl`, by project and engine.
    pub fn state(&self, project: &str, engine: &str) -> Result<PathBuf> {
        if let Some(root) = &self.twin {
            return Ok(root.join(BACKUPS));
        }
        let home = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = home("XDG_STATE_HOME")
            .or_else(|| Some(home("HOME")?.join(".local/state")))
            .ok_or_else(|| Failure::environment("neither XDG_STATE_HOME nor HOME is set"))?;
        let engine: String =
            engine.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Ok(base.join("stagectl").join(engine.trim_matches('-')).join(project))
    }

    /// # Errors
    /// Where a twin has no compose file, because there is no project, a broken one, or one without its files.
    fn exists(&self) -> Result<()> {
        let Some(root) = self.twin.as_ref().filter(|root| !root.join(COMPOSE_FILE).exists()) else {
            if self.files.is_empty() {
                return Err(Failure::usage("no compose file is named").hint("name one with `--file`").into());
            }
            return Ok(());
        };
        load::load(root)?;
        Err(Failure::environment(format!("there is no {COMPOSE_FILE} here"))
            .hint("run `stagectl setup`: it writes the files and starts the containers")
            .hint("or name any compose file with `--file`")
            .into())
    }
}

/// The variables of the process, with those of the env files (none: `.env`) below them.
fn environment(directory: &Path, files: &[PathBuf], process: Environment) -> Result<Environment> {
    let lookup = |name: &str| process.get(name).cloned();
    let implied = [directory.join(".env")];
    let mut below = Environment::new();
    for file in if files.is_empty() { &implied[..] } else { files } {
        let Some(text) = read(file)? else {
            if files.is_empty() {
                continue;
            }
            return Err(Failure::usage(format!("--env-file: there is no file {}", file.display())).into());
        };
        let variables = dotenv::parse(&text, &lookup)
            .map_err(|bad| Failure::config(format!("{}:{}: {}", file.display(), bad.line, bad.words)))?;
        below.extend(variables);
    }
    Ok(compose::environment(Some(below), process))
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    if path.is_dir() || !path.exists() {
        return Ok(None);
    }
    fs_err::read_to_string(path).map(Some).map_err(|error| Failure::config(error.to_string()))
}
