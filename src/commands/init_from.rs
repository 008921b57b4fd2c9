//! `stagectl init --from`: the twin of a production compose file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Context, init_shown};
use crate::cli::{InitArgs, TwinArgs};
use crate::compose::Model;
use crate::config::load::FILE;
use crate::config::{compose, load, validate};
use crate::engine::Engine;
use crate::exit;
use crate::failure::Failure;
use crate::stack::ports;
use crate::store::{Mode, write};
use crate::twin::write::{Origin, compose_file, config_file};
use crate::twin::{self, Derived, Request, host};
use crate::ui::Ui;

/// A mounted file that is longer is taken for data, not for text that can be looked through, in bytes.
const LONGEST: u64 = 256 * 1024;
/// A folder with more files holds data, not configuration.
const MOST: usize = 500;

pub async fn run(context: &Context, from: &Path, args: &InitArgs) -> Result<u8> {
    let root = absolute(&context.root)?;
    let origin = origin(from, &args.twin)?;
    let production = compose::Production {
        files: origin.files.clone(),
        env_files: origin.env_files.clone(),
        share: origin.share.clone(),
    };
    let model = production.model(&root)?;
    let name = args.project.clone().unwrap_or_else(|| format!("{}-staging", model.name));
    if !validate::is_project_name(&name) {
        return Err(Failure::usage(format!(
            "--name `{name}` must be lower-case letters, digits, `-` and `_`"
        ))
        .into());
    }
    if name == model.name {
        return Err(Failure::usage(format!("--name `{name}` is production's own name"))
            .hint("choose another one")
            .into());
    }
    for service in &args.twin.without {
        if !model.services().any(|(known, _)| known == service) {
            let known: Vec<&str> = model.services().map(|(name, _)| name.as_str()).collect();
            return Err(Failure::usage(format!("--without: there is no service `{service}`"))
                .hint(format!("known services: {}", known.join(", ")))
                .into());
        }
    }
    for variable in &model.unset {
        context.ui.warn(format!(
            "the variable `{variable}` is not set: it stands for nothing, as with docker compose"
        ));
    }
    let request = Request {
        production: &model,
        name: name.clone(),
        directory: compose::directory(&root, &origin.files),
        taken: taken(&context.ui).await,
        files: mounted_files(&model, &args.twin.copy)?,
        copy: args.twin.copy.iter().cloned().collect(),
        share: args.twin.share.iter().cloned().collect(),
        own: args.twin.own.iter().cloned().collect(),
        without: args.twin.without.iter().cloned().collect(),
    };
    let derived = twin::derive(&request);
    if !derived.refusals.is_empty() {
        return Err(refused(&derived).into());
    }
    let written = Written {
        compose: compose_file(&derived, &origin.files)?,
        config: config_file(&name, &derived, &origin)?,
    };
    let twin = written.model(&root)?;
    let shared = twin::shared(&model, &twin, &request.share);
    if let Some(first) = shared.first() {
        return Err(not_isolated(&shared, first).into());
    }
    if !args.twin.dry_run {
        written.save(context, &root, args.force, &derived)?;
    }
    init_shown::show(context, &root, &model, &name, &derived, &args.twin)?;
    Ok(exit::OK)
}

/// The two files of a twin, before they are on the disk.
struct Written {
    compose: String,
    config: String,
}

impl Written {
    /// The twin as every later command will read it.
    fn model(&self, root: &Path) -> Result<Model> {
        let config = load::parse(&self.config, None)?;
        let files = config.compose.clone().unwrap_or_default();
        let twin_file = root.join(twin::write::FILE);
        compose::model_with(root, &config, &files, &mut |path| {
            if path == twin_file { Ok(Some(self.compose.clone())) } else { compose::read(path) }
        })
    }

    fn save(&self, context: &Context, root: &Path, force: bool, derived: &Derived) -> Result<()> {
        let paths = [root.join(FILE), root.join(twin::write::FILE)];
        if let Some(path) = paths.iter().find(|path| path.exists() && !force) {
            return Err(Failure::refused(format!("{} exists already", path.display()))
                .hint("`--force` replaces it and keeps the old one beside it")
                .hint("`--dry-run` shows the twin instead of writing it; `-C FOLDER` writes it elsewhere")
                .into());
        }
        for path in paths.iter().filter(|path| path.exists()) {
            let mut previous = path.clone().into_os_string();
            previous.push(".previous");
            fs_err::rename(path, &previous)?;
            context.ui.note(format!("the old file is kept in {}", Path::new(&previous).display()));
        }
        for (from, to) in &derived.copies {
            let files = if from.is_dir() { below(from)? } else { vec![from.clone()] };
            for file in files {
                let to = match file.strip_prefix(from) {
                    Ok(inside) if !inside.as_os_str().is_empty() => root.join(to).join(inside),
                    _ => root.join(to),
                };
                write(&to, &fs_err::read(&file)?, mode_of(&file)?)?;
            }
        }
        let [config, compose] = paths;
        write(&compose, self.compose.as_bytes(), Mode::Public)?;
        write(&config, self.config.as_bytes(), Mode::Public)
    }
}

/// A copy stays a script where the file is one.
fn mode_of(path: &Path) -> Result<Mode> {
    use std::os::unix::fs::PermissionsExt as _;
    let bits = fs_err::metadata(path)?.permissions().mode();
    Ok(if bits & 0o111 != 0 { Mode::Script } else { Mode::Public })
}

fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).context("find the twin's folder")?;
    Ok(path.canonicalize().unwrap_or(path))
}

fn origin(from: &Path, args: &TwinArgs) -> Result<Origin> {
    let whole = |path: &PathBuf| -> Result<String> {
        let path = path.canonicalize().map_err(|error| {
            Failure::usage(format!("{}: {error}", path.display()))
                .hint("name production's compose file with `--from`")
        })?;
        Ok(path.display().to_string())
    };
    let files: Result<Vec<String>> = std::iter::once(&from.to_owned()).chain(&args.file).map(whole).collect();
    let env_files: Result<Vec<String>> = args.env_file.iter().map(whole).collect();
    Ok(Origin { files: files?, env_files: env_files?, share: args.share.clone() })
}

/// Every port that somebody listens at or that a container asks for, running or not.
async fn taken(ui: &Ui) -> BTreeSet<u16> {
    let range: Vec<u16> = (20_000..30_000).collect();
    let mut taken: BTreeSet<u16> =
        ports::listeners(&range).into_iter().map(|listener| listener.port).collect();
    let containers = async {
        let engine = Engine::connect().await?;
        let ids = engine.all_containers().await?.into_iter().map(|container| container.id);
        engine.inspect_all(ids).await
    };
    match containers.await {
        Ok(containers) => {
            let wanted = containers
                .iter()
                .flat_map(|container| container.host.wanted_ports.iter().chain(&container.ports));
            taken.extend(wanted.map(|port| port.host_port));
        }
        Err(error) => ui.warn(format!("ports of stopped containers are not known: {error:#}")),
    }
    taken
}

/// The regular files that containers mount, and those of folders to copy, with the text of those that are text.
fn mounted_files(model: &Model, copy: &[String]) -> Result<BTreeMap<String, Option<String>>> {
    let mut files = BTreeMap::new();
    for bind in model.services().flat_map(|(_, service)| host::binds(service)) {
        let path = Path::new(&bind.source);
        let found = match fs_err::metadata(path) {
            Ok(metadata) if metadata.is_file() => vec![path.to_owned()],
            Ok(_) if copy.contains(&format!("mount:{}", bind.source)) => below(path)?,
            _ => continue,
        };
        for file in found {
            let short = fs_err::metadata(&file)?.len() <= LONGEST;
            let text = if short { fs_err::read_to_string(&file).ok() } else { None };
            files.insert(file.display().to_string(), text);
        }
    }
    Ok(files)
}

/// Every regular file below a folder.
///
/// # Errors
/// Refuses a folder with so many files that it holds data.
fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in fs_err::read_dir(next)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
        if found.len() > MOST {
            return Err(Failure::refused(format!("--copy: {} has more than {MOST} files", folder.display()))
                .hint("that is data, not configuration: `--own` gives the twin an empty folder")
                .into());
        }
    }
    Ok(found)
}

fn refused(derived: &Derived) -> Failure {
    let mut text = String::from("this has to be decided first:");
    for refusal in &derived.refusals {
        let place = if refusal.place.is_empty() { String::new() } else { format!("{}: ", refusal.place) };
        text.push_str(&format!(
            "\n  {place}{}: {}\n      {}",
            refusal.at,
            refusal.what,
            refusal.decide.join(" or ")
        ));
    }
    Failure::refused(text).hint("add the options to the command; `--dry-run` shows the whole twin")
}

fn not_isolated(shared: &[twin::Shared], first: &twin::Shared) -> Failure {
    let lines: Vec<String> =
        shared.iter().map(|one| format!("{} {} ({} of the twin)", one.kind, one.what, one.twin)).collect();
    Failure::refused(format!("the twin would share this with production:\n  {}", lines.join("\n  ")))
        .hint(format!("`--share {}` allows it", first.permit()))
}
