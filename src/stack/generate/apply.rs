//! Writes what the plan says: secrets first, each file whole or not at all.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::plan::{Action, Change, Plan, plan};
use super::{GITIGNORE, MANIFEST, secrets};
use crate::config::Settings;
use crate::stack::render::{self, RenderedFolder};
use crate::store::{Mode, write};
use crate::ui::Ui;

/// Applies the plan and returns the settings with the secrets that were made.
pub fn apply(settings: &Settings, planned: &Plan, ui: &Ui) -> Result<Settings> {
    if planned.secrets.is_empty() {
        write_all(settings, planned, ui)?;
        return Ok(settings.clone());
    }
    // The plan was drawn with stand-ins: draw it again with the real secrets.
    let settings = settings.with_secrets(&secrets::make(settings)?)?;
    let planned = plan(&settings, &planned.observed)?;
    write_all(&settings, &planned, ui)?;
    Ok(settings)
}

fn write_all(settings: &Settings, plan: &Plan, ui: &Ui) -> Result<()> {
    let root = &settings.root;
    for action in plan.changes() {
        let started = Instant::now();
        let what = format!("{} {}", action.change.word(), action.path.display());
        write_one(root, action, plan, ui).with_context(|| what.clone())?;
        ui.step_done(&action.path.to_string_lossy(), &what, started.elapsed().as_millis() as u64);
    }
    for folder in plan.wanted_folders.iter().filter(|folder| plan.folders.contains(&folder.path)) {
        make_folder(root, folder, plan.observed.uid)?;
    }
    let manifest: BTreeMap<&PathBuf, String> = plan
        .actions
        .iter()
        .filter(|action| action.path != Path::new(GITIGNORE))
        .filter_map(|action| Some((&action.path, action.file.as_ref()?)))
        .map(|(path, file)| (path, render::digest(&[file.content.as_bytes()])))
        .collect();
    let mut text = serde_json::to_string_pretty(&manifest)?;
    text.push('\n');
    let path = root.join(MANIFEST);
    if fs_err::read_to_string(&path).is_ok_and(|current| current == text) {
        return Ok(());
    }
    write(&path, text.as_bytes(), Mode::Secret)
}

fn write_one(root: &Path, action: &Action, plan: &Plan, ui: &Ui) -> Result<()> {
    let path = root.join(&action.path);
    let Some(file) = &action.file else {
        return Ok(fs_err::remove_file(&path)?);
    };
    if action.change == Change::ForeignEdit
        && let Some(state) = plan.observed.files.get(&action.path)
    {
        let copy = free_name(&path);
        let mode = if file.mode == Mode::Secret { Mode::Secret } else { Mode::Public };
        write(&copy, &state.content, mode)?;
        ui.warn(format!(
            "{} was edited by hand: the edited text is kept in {}",
            action.path.display(),
            copy.display()
        ));
    }
    write(&path, file.content.as_bytes(), file.mode)?;
    if let Some(owner) = file.owner {
        give_to(&path, owner, plan.observed.uid, ui)?;
    }
    Ok(())
}

/// `PATH.edited`, or the first number after it that is free: an edit is never lost.
fn free_name(path: &Path) -> PathBuf {
    let name = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let mut candidate = name(".edited");
    let mut number = 2;
    while candidate.exists() {
        candidate = name(&format!(".edited-{number}"));
        number += 1;
    }
    candidate
}

/// Gives a secret file to the user that the container runs as. Only root can.
fn give_to(path: &Path, owner: u32, uid: u32, ui: &Ui) -> Result<()> {
    if uid == 0 {
        fs_err::os::unix::fs::chown(path, Some(owner), None)?;
    } else if uid != owner {
        ui.warn(format!(
            "{} is readable by you (user {uid}) only, but the container runs as user {owner}: \
             run stagectl as root, or set the service's `user` to '{uid}:{uid}' in stagectl.local.yml",
            path.display()
        ));
    }
    Ok(())
}

/// Makes a folder that a container writes to. Where it cannot be given to the container's
/// user, everybody may write there.
fn make_folder(root: &Path, folder: &RenderedFolder, uid: u32) -> Result<()> {
    let path = root.join(&folder.path);
    fs_err::create_dir_all(&path)?;
    let Some(owner) = folder.owner else { return Ok(()) };
    if uid == 0 {
        fs_err::os::unix::fs::chown(&path, Some(owner), None)?;
    } else if uid != owner {
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o777))?;
    }
    Ok(())
}
