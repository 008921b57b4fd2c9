//! What would change on the disk, and why. Pure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::{FileState, GITIGNORE, Observed, secrets};
use crate::config::settings::ENV_FILE;
use crate::config::{Settings, env};
use crate::stack::render::{self, RenderedFile, RenderedFolder};
use crate::store::Mode;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    Create,
    Update,
    Unchanged,
    /// Somebody edited it: the edited text is kept beside the new one.
    ForeignEdit,
    /// No longer wanted.
    Remove,
}

impl Change {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Unchanged => "unchanged",
            Self::ForeignEdit => "replace",
            Self::Remove => "remove",
        }
    }
}

/// One file and what happens to it.
#[derive(Debug, Clone, Serialize)]
pub struct Action {
    pub path: PathBuf,
    pub change: Change,
    pub why: String,
    /// The lines that go (`-`) and come (`+`). Empty for files with secrets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<String>,
    #[serde(skip)]
    pub(super) file: Option<RenderedFile>,
}

/// Everything that `apply` would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Secrets to be made, by name.
    pub secrets: Vec<String>,
    pub actions: Vec<Action>,
    /// Folders to be made, or to be given to the container's user.
    pub folders: Vec<PathBuf>,
    /// Variables of `.env.staging` that stagectl.yml does not name: kept.
    pub kept_variables: Vec<String>,
    #[serde(skip)]
    pub(super) wanted_folders: Vec<RenderedFolder>,
    #[serde(skip)]
    pub(super) observed: Observed,
}

impl Plan {
    /// The actions that change something.
    pub fn changes(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(|action| action.change != Change::Unchanged)
    }

    /// True where the disk is as it should be.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.folders.is_empty() && self.changes().next().is_none()
    }

    /// What a file will hold; `None` for files that are not generated. May hold secrets.
    pub fn content(&self, path: &Path) -> Option<&str> {
        let action = self.actions.iter().find(|action| action.path == path)?;
        action.file.as_ref().map(|file| file.content.as_str())
    }

    /// The plan for people; with `diff`, the lines that differ.
    pub fn text(&self, diff: bool) -> String {
        if self.is_empty() {
            return format!(
                "nothing to do: all {} generated files are as they should be\n",
                self.actions.len()
            );
        }
        let mut out = String::new();
        for name in &self.secrets {
            out.push_str(&format!("make      {name}: a new secret, kept in {ENV_FILE}\n"));
        }
        for folder in &self.folders {
            out.push_str(&format!("folder    {}\n", folder.display()));
        }
        for action in self.changes() {
            out.push_str(&format!("{:9} {}: {}\n", action.change.word(), action.path.display(), action.why));
            for line in action.diff.iter().filter(|_| diff) {
                out.push_str(&format!("            {line}\n"));
            }
        }
        for name in &self.kept_variables {
            out.push_str(&format!("keep      {ENV_FILE}: {name} is not in stagectl.yml\n"));
        }
        out
    }

    /// The plan for machines: no value of a secret, no content of a secret file.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "secrets": self.secrets,
            "folders": self.folders,
            "files": self.actions,
            "kept_variables": self.kept_variables,
        })
    }
}

/// Compares what should be with what is.
pub fn plan(settings: &Settings, observed: &Observed) -> Result<Plan> {
    let rendered = render::render(&secrets::stand_in(settings)?)?;
    let mut kept_variables = Vec::new();
    let mut actions = Vec::new();
    for mut file in rendered.files {
        if file.path == Path::new(ENV_FILE) {
            kept_variables = keep_variables(settings, observed, &mut file)?;
        }
        actions.push(action(file, observed));
    }
    actions.extend(ignore_secrets(observed));
    let wanted: Vec<&Path> = actions.iter().map(|action| action.path.as_path()).collect();
    let stale: Vec<Action> = observed
        .manifest
        .iter()
        .flatten()
        .filter(|(path, _)| !wanted.contains(&path.as_path()))
        .filter_map(|(path, written)| Some((path, written, observed.files.get(path)?)))
        .map(|(path, written, state)| stale(path, written, state))
        .collect();
    actions.extend(stale);
    let folders = rendered
        .folders
        .iter()
        .filter(|folder| !folder_is_right(folder, observed))
        .map(|folder| folder.path.clone())
        .collect();
    Ok(Plan {
        secrets: settings.to_generate.keys().cloned().collect(),
        actions,
        folders,
        kept_variables,
        wanted_folders: rendered.folders,
        observed: observed.clone(),
    })
}

fn folder_is_right(folder: &RenderedFolder, observed: &Observed) -> bool {
    observed.folders.get(&folder.path).is_some_and(|state| match folder.owner {
        Some(owner) if observed.uid == 0 => state.uid == owner,
        Some(owner) => state.uid == owner || state.mode & 0o002 != 0,
        None => true,
    })
}

/// Variables that a user added by hand stay, below a line that says so.
fn keep_variables(settings: &Settings, observed: &Observed, file: &mut RenderedFile) -> Result<Vec<String>> {
    let Some(state) = observed.files.get(Path::new(ENV_FILE)) else { return Ok(Vec::new()) };
    let existing = env::parse(&String::from_utf8_lossy(&state.content), ENV_FILE)?;
    let kept: BTreeMap<_, _> =
        existing.into_iter().filter(|(name, _)| !settings.config.env.contains_key(name)).collect();
    if !kept.is_empty() {
        file.content.push_str("\n# Not in stagectl.yml: kept as found.\n");
        for (name, value) in &kept {
            file.content.push_str(&env::line(name, value));
            file.content.push('\n');
        }
    }
    Ok(kept.into_keys().collect())
}

/// What must never be committed.
const IGNORED: [&str; 4] = ["/.env.staging", "/.env.production", "/.env.*.edited*", "/stagectl.local.yml"];

/// The user's `.gitignore` with the lines that are missing, where there is a git repository.
fn ignore_secrets(observed: &Observed) -> Option<Action> {
    if !observed.in_git {
        return None;
    }
    let state = observed.files.get(Path::new(GITIGNORE));
    let mut content =
        state.map(|state| String::from_utf8_lossy(&state.content).into_owned()).unwrap_or_default();
    let missing: Vec<&str> = IGNORED
        .into_iter()
        .filter(|line| {
            !content.lines().any(|known| known.trim().trim_start_matches('/') == line.trim_start_matches('/'))
        })
        .collect();
    if missing.is_empty() {
        return None;
    }
    if !content.is_empty() && !content.ends_with('\n') {
        content.push('\n');
    }
    content.push_str(&format!("{}\n", missing.join("\n")));
    Some(Action {
        path: GITIGNORE.into(),
        change: if state.is_some() { Change::Update } else { Change::Create },
        why: "secrets must stay out of git".to_owned(),
        diff: missing.iter().map(|line| format!("+ {line}")).collect(),
        file: Some(RenderedFile { path: GITIGNORE.into(), content, mode: Mode::Public, owner: None }),
    })
}

fn action(file: RenderedFile, observed: &Observed) -> Action {
    let path = file.path.clone();
    let done =
        |change, why: String, diff, file| Action { path: path.clone(), change, why, diff, file: Some(file) };
    let Some(state) = observed.files.get(&path) else {
        return done(Change::Create, "it does not exist".to_owned(), Vec::new(), file);
    };
    if state.content == file.content.as_bytes() {
        let bits = file.mode.bits();
        if state.mode != bits {
            let why = format!("its mode is {:04o}, it must be {bits:04o}", state.mode);
            return done(Change::Update, why, Vec::new(), file);
        }
        if let Some(owner) = file.owner.filter(|owner| observed.uid == 0 && state.uid != *owner) {
            let why = format!("user {owner} of the container must be able to read it");
            return done(Change::Update, why, Vec::new(), file);
        }
        return done(Change::Unchanged, String::new(), Vec::new(), file);
    }
    let old = String::from_utf8_lossy(&state.content);
    let (why, diff) = if file.mode == Mode::Secret {
        (format!("{} differ", variables_that_differ(&old, &file.content)), Vec::new())
    } else {
        let diff = diff(&old, &file.content);
        ("stagectl.yml or stagectl has changed".to_owned(), diff)
    };
    if path != Path::new(ENV_FILE) && is_foreign(&path, state, observed) {
        return done(Change::ForeignEdit, format!("{}, and it was edited by hand", reason(&why)), diff, file);
    }
    done(Change::Update, why, diff, file)
}

fn reason(why: &str) -> &str {
    if why.starts_with("stagectl.yml") { "it differs" } else { why }
}

/// True where the file is not what stagectl wrote last.
fn is_foreign(path: &Path, state: &FileState, observed: &Observed) -> bool {
    match observed.manifest.as_ref().and_then(|manifest| manifest.get(path)) {
        Some(written) => *written != render::digest(&[&state.content]),
        // A fresh checkout has our files without our notes.
        None => {
            !state.content.starts_with(b"# Made by stagectl")
                && !state.content.starts_with(b"#!/bin/sh\n# Made by stagectl")
        }
    }
}

fn stale(path: &Path, written: &str, state: &FileState) -> Action {
    let edited = written != render::digest(&[&state.content]);
    let (change, why) = if edited {
        (Change::Unchanged, String::new())
    } else {
        (Change::Remove, "stagectl.yml no longer asks for it".to_owned())
    };
    Action { path: path.to_owned(), change, why, diff: Vec::new(), file: None }
}

/// The names, never the values, of what differs between two env files.
fn variables_that_differ(old: &str, new: &str) -> String {
    let (Ok(old), Ok(new)) = (env::parse(old, ""), env::parse(new, "")) else {
        return "its lines".to_owned();
    };
    let names: Vec<&str> = old
        .keys()
        .chain(new.keys().filter(|name| !old.contains_key(*name)))
        .filter(|name| old.get(*name) != new.get(*name))
        .map(String::as_str)
        .collect();
    match names.as_slice() {
        [] => "its comments".to_owned(),
        names => names.join(", "),
    }
}

/// The lines between the first and the last that differ, at most six of each side.
fn diff(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let side = |lines: &[&str], sign: char| {
        let lines = &lines[start..lines.len() - end];
        let mut out: Vec<String> = lines.iter().take(6).map(|line| format!("{sign} {line}")).collect();
        if lines.len() > 6 {
            out.push(format!("{sign} … {} more lines", lines.len() - 6));
        }
        out
    };
    let mut out = vec![format!("@ line {}", start + 1)];
    out.extend(side(&old, '-'));
    out.extend(side(&new, '+'));
    out
}
