//! Relative paths of a model become absolute, from the folder of the file that they stand in.

use std::path::Path as FilePath;

use super::canonical::is_drive;
use super::load::{Environment, join};
use super::tree::{Node, Value};

/// Makes the paths of a canonical model absolute.
pub fn absolute(root: &mut Node, folder: &FilePath, environment: &Environment) {
    let home = environment.get("HOME").map_or("/root", String::as_str).to_owned();
    for service in values(root.get_mut("services")) {
        canonical_service(service, folder, &home);
    }
    for section in ["secrets", "configs"] {
        for one in values(root.get_mut(section)) {
            text(one.get_mut("file"), |path| from(folder, path, &home));
        }
    }
    for volume in values(root.get_mut("volumes")) {
        let local = volume.get("driver").is_none_or(|driver| driver.to_string() == "local");
        let Some(options) = volume.get_mut("driver_opts") else { continue };
        let binds = options.get("o").is_some_and(|o| o.to_string().split(',').any(|word| word == "bind"));
        if local && binds {
            text(options.get_mut("device"), |path| from(folder, path, &home));
        }
    }
}

fn canonical_service(service: &mut Node, folder: &FilePath, home: &str) {
    let absolute = |path: &str| from(folder, path, home);
    if let Some(build) = service.get_mut("build") {
        text(build.get_mut("context"), |path| if is_remote(path) { path.to_owned() } else { absolute(path) });
        if let Some(contexts) = build.get_mut("additional_contexts") {
            for context in values(Some(contexts)) {
                text(Some(context), |path| if is_remote(path) { path.to_owned() } else { absolute(path) });
            }
        }
    }
    for mount in items(service.get_mut("volumes")) {
        if mount.get("type").is_some_and(|kind| kind.to_string() == "bind") {
            text(mount.get_mut("source"), absolute);
        }
    }
    for file in items(service.get_mut("env_file")) {
        text(file.get_mut("path"), absolute);
    }
    for file in items(service.get_mut("label_file")) {
        text(Some(file), absolute);
    }
    if let Some(develop) = service.get_mut("develop") {
        for watch in items(develop.get_mut("watch")) {
            text(watch.get_mut("path"), absolute);
        }
    }
}

/// The paths of a service as it was written, which another file's service extends.
pub fn absolute_service(service: &mut Node, folder: &FilePath) {
    let absolute = |path: &str| join(folder, path).display().to_string();
    let relative =
        |path: &str| path.starts_with("./") || path.starts_with("../") || path == "." || path == "..";
    match service.get_mut("build") {
        Some(build) if build.text().is_some() => {
            text(Some(build), |path| if is_remote(path) { path.to_owned() } else { absolute(path) });
        }
        Some(build) => {
            text(
                build.get_mut("context"),
                |path| if is_remote(path) { path.to_owned() } else { absolute(path) },
            );
        }
        None => {}
    }
    for mount in items(service.get_mut("volumes")) {
        if mount.text().is_some() {
            text(Some(mount), |mount| match mount.split_once(':') {
                Some((source, rest)) if relative(source) => format!("{}:{rest}", absolute(source)),
                _ => mount.to_owned(),
            });
        } else {
            text(
                mount.get_mut("source"),
                |path| if relative(path) { absolute(path) } else { path.to_owned() },
            );
        }
    }
    for key in ["env_file", "label_file"] {
        let Some(files) = service.get_mut(key) else { continue };
        if files.text().is_some() {
            text(Some(files), absolute);
        } else {
            for file in items(Some(files)) {
                if file.text().is_some() {
                    text(Some(file), absolute);
                } else {
                    text(file.get_mut("path"), absolute);
                }
            }
        }
    }
}

fn from(folder: &FilePath, path: &str, home: &str) -> String {
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
        _ if is_drive(path) => path.to_owned(),
        _ => join(folder, path).display().to_string(),
    }
}

/// A build context that is no folder of this machine.
fn is_remote(path: &str) -> bool {
    let schemes = [
        "https://",
        "http://",
        "git://",
        "ssh://",
        "github.com/",
        "git@",
        "docker-image://",
        "target:",
        "service:",
        "oci-layout://",
    ];
    schemes.iter().any(|scheme| path.starts_with(scheme))
}

fn text(node: Option<&mut Node>, change: impl Fn(&str) -> String) {
    if let Some(Node { value: Value::Text(text), .. }) = node {
        *text = change(text);
    }
}

fn values(node: Option<&mut Node>) -> impl Iterator<Item = &mut Node> {
    node.and_then(Node::map_mut).into_iter().flat_map(|map| map.values_mut())
}

fn items(node: Option<&mut Node>) -> impl Iterator<Item = &mut Node> {
    node.and_then(Node::list_mut).into_iter().flatten()
}
