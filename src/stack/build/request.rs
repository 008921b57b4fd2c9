//! From a service's `build` to a request of the engine. Pure but for the Dockerfile it reads.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BuildContext;
use crate::engine::BuildSpec;
use crate::failure::Failure;

/// The name of a Dockerfile in a context that does not hold it.
const FOREIGN: &str = ".dockerfile.stagectl";

/// A service's image, to be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Build {
    pub service: String,
    pub image: String,
    /// Arguments may hold secrets: never print it.
    #[serde(skip)]
    pub spec: BuildSpec,
    #[serde(skip)]
    pub source: Source,
}

/// Where a build's files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Folder(BuildContext),
    /// A URL that the engine fetches itself.
    Remote,
}

impl Source {
    /// The files as the engine takes them; `None` where it fetches them itself.
    pub fn stream(&self) -> Option<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
        match self {
            Self::Folder(context) => Some(context.clone().stream()),
            Self::Remote => None,
        }
    }
}

/// `build` of a compose file, as docker compose's canonical form writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Keys {
    context: String,
    dockerfile: Option<String>,
    dockerfile_inline: Option<String>,
    args: BTreeMap<String, Option<String>>,
    labels: BTreeMap<String, String>,
    target: Option<String>,
    network: Option<String>,
    cache_from: Vec<String>,
    extra_hosts: Value,
    no_cache: bool,
    pull: bool,
    shm_size: Option<Value>,
    tags: Vec<String>,
    platforms: Vec<String>,
    additional_contexts: Value,
    secrets: Value,
    ssh: Value,
    entitlements: Value,
    privileged: bool,
}

/// What the engine is asked for, so that the service's image is there as `image`.
///
/// # Errors
/// A key that only BuildKit understands, and a Dockerfile that is not there.
pub fn requested(
    service: &str,
    build: &Value,
    image: &str,
    platform: Option<&str>,
) -> Result<Build, Failure> {
    let keys: Keys = serde_json::from_value(build.clone())
        .map_err(|error| Failure::config(format!("services.{service}.build: {error}")))?;
    keys.understood(service)?;
    let platforms = if keys.platforms.is_empty() {
        platform.map(str::to_owned).into_iter().collect()
    } else {
        keys.platforms.clone()
    };
    if platforms.len() > 1 {
        return Err(only_buildkit(service, "several `platforms`"));
    }
    let remote = ["http://", "https://", "git://", "git@", "github.com/"]
        .iter()
        .any(|start| keys.context.starts_with(start));
    let (source, dockerfile) = if remote {
        (Source::Remote, keys.dockerfile.unwrap_or_else(|| "Dockerfile".to_owned()))
    } else {
        let context = context(service, &keys)?;
        let dockerfile = context.dockerfile.clone();
        (Source::Folder(context), dockerfile)
    };
    let spec = BuildSpec {
        tags: std::iter::once(image.to_owned()).chain(keys.tags).collect(),
        remote: remote.then_some(keys.context),
        dockerfile,
        // One without a value takes it from the environment; the canonical form has done so.
        args: keys.args.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        labels: keys.labels,
        target: keys.target,
        network: keys.network,
        cache_from: keys.cache_from,
        extra_hosts: hosts(&keys.extra_hosts),
        no_cache: keys.no_cache,
        pull: keys.pull,
        shm_size: keys.shm_size.as_ref().and_then(bytes),
        platform: platforms.into_iter().next(),
    };
    Ok(Build { service: service.to_owned(), image: image.to_owned(), spec, source })
}

impl Keys {
    fn understood(&self, service: &str) -> Result<(), Failure> {
        let set = |value: &Value| match value {
            Value::Null => false,
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
            _ => true,
        };
        let foreign = [
            ("additional_contexts", set(&self.additional_contexts)),
            ("secrets", set(&self.secrets)),
            ("ssh", set(&self.ssh)),
            ("entitlements", set(&self.entitlements)),
            ("privileged", self.privileged),
        ];
        match foreign.iter().find(|(_, is_set)| *is_set) {
            Some((key, _)) => Err(only_buildkit(service, &format!("`{key}`"))),
            None => Ok(()),
        }
    }
}

fn only_buildkit(service: &str, what: &str) -> Failure {
    Failure::config(format!(
        "services.{service}.build: {what} needs BuildKit, and stagectl uses the engine's own builder"
    ))
    .hint(format!("build it with `docker compose build {service}`; `stagectl up` then takes the image"))
}

fn context(service: &str, keys: &Keys) -> Result<BuildContext, Failure> {
    let folder = PathBuf::from(&keys.context);
    if !folder.is_dir() {
        return Err(Failure::config(format!(
            "services.{service}.build: there is no folder {}",
            folder.display()
        )));
    }
    if let Some(text) = &keys.dockerfile_inline {
        let extra = Some((FOREIGN.to_owned(), text.clone().into_bytes()));
        return Ok(BuildContext { folder, dockerfile: FOREIGN.to_owned(), extra });
    }
    let file = folder.join(keys.dockerfile.as_deref().unwrap_or("Dockerfile"));
    if !file.is_file() {
        return Err(Failure::config(format!("services.{service}.build: there is no {}", file.display())));
    }
    let broken = |error: io::Error| Failure::config(format!("services.{service}.build: {error}"));
    let within = fs_err::canonicalize(&file)
        .map_err(broken)?
        .strip_prefix(fs_err::canonicalize(&folder).map_err(broken)?)
        .ok()
        .and_then(Path::to_str)
        .map(str::to_owned);
    if let Some(dockerfile) = within {
        return Ok(BuildContext { folder, dockerfile, extra: None });
    }
    let extra = Some((FOREIGN.to_owned(), fs_err::read(&file).map_err(broken)?));
    Ok(BuildContext { folder, dockerfile: FOREIGN.to_owned(), extra })
}

/// `host:address`, from a list or a map.
fn hosts(value: &Value) -> Vec<String> {
    let words = |value: &Value| match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(host, value)| {
                words(value).into_iter().map(move |address| format!("{host}:{address}"))
            })
            .collect(),
        Value::Array(_) => words(value).iter().map(|entry| entry.replacen('=', ":", 1)).collect(),
        _ => Vec::new(),
    }
}

/// A size in bytes; the canonical form writes it as a number or as its text.
fn bytes(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_key_of_the_engines_builder_is_handed_on() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::File::create(folder.path().join("Containerfile")).unwrap();
        let build = json!({
            "context": folder.path(), "dockerfile": "Containerfile", "target": "run", "no_cache": true,
            "args": {"A": "1", "UNSET": null}, "labels": {"l": "v"}, "network": "host", "pull": true,
            "cache_from": ["app:old"], "extra_hosts": ["db=10.0.0.1"], "shm_size": "65536", "tags": ["app:2"],
        });
        let built = requested("app", &build, "app:1", Some("linux/amd64")).unwrap();
        let spec = built.spec;
        assert_eq!(spec.tags, ["app:1", "app:2"]);
        assert_eq!(spec.args, BTreeMap::from([("A".to_owned(), "1".to_owned())]));
        assert_eq!((spec.target.as_deref(), spec.network.as_deref()), (Some("run"), Some("host")));
        assert_eq!(spec.extra_hosts, ["db:10.0.0.1"]);
        assert_eq!((spec.shm_size, spec.no_cache, spec.pull), (Some(65536), true, true));
        assert_eq!(spec.platform.as_deref(), Some("linux/amd64"));
        let Source::Folder(context) = built.source else { panic!("a folder") };
        assert_eq!((context.dockerfile.as_str(), context.extra), ("Containerfile", None));
    }

    #[test]
    fn what_only_buildkit_can_do_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (key, value) in [
            ("ssh", json!(["default"])),
            ("secrets", json!([{"source": "token"}])),
            ("additional_contexts", json!({"other": "/x"})),
            ("privileged", json!(true)),
        ] {
            let error = requested("app", &json!({"context": folder.path(), key: value}), "app", None);
            let error = error.unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}` needs BuildKit")), "{error}");
        }
        let error =
            requested("app", &json!({"context": folder.path(), "platforms": ["a", "b"]}), "app", None);
        assert!(error.unwrap_err().to_string().contains("several `platforms`"));
    }

    #[test]
    fn a_dockerfile_may_stand_outside_of_its_context_or_in_the_compose_file() {
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path().join("app");
        fs_err::create_dir_all(&app).unwrap();
        fs_err::File::create(folder.path().join("Dockerfile")).unwrap();
        for build in [
            json!({"context": app, "dockerfile": "../Dockerfile"}),
            json!({"context": app, "dockerfile_inline": "FROM scratch\n"}),
        ] {
            let Source::Folder(context) = requested("app", &build, "app", None).unwrap().source else {
                panic!("a folder")
            };
            assert_eq!(context.dockerfile, FOREIGN);
            assert!(context.extra.is_some());
        }
        let error = requested("app", &json!({"context": app}), "app", None).unwrap_err().to_string();
        assert!(error.contains("there is no") && error.ends_with("app/Dockerfile"), "{error}");
    }

    #[test]
    fn a_repository_is_fetched_by_the_engine() {
        let build = json!({"context": "https://example.org/app.git#main"});
        let built = requested("app", &build, "app", None).unwrap();
        assert!(matches!(built.source, Source::Remote));
        assert_eq!(built.spec.remote.as_deref(), Some("https://example.org/app.git#main"));
    }
}
