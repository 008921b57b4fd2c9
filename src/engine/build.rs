//! Images built by the engine's own builder.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;

use anyhow::Result;
use bollard::models::BuildInfo;
use bollard::query_parameters::BuildImageOptions;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::{Engine, failed};
use crate::failure::Failure;

/// How many of the builder's last lines a failure shows.
const SAID: usize = 10;

/// An image to build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildSpec {
    /// The first one is its name.
    pub tags: Vec<String>,
    /// A URL that the engine builds from, in place of a stream of files.
    pub remote: Option<String>,
    /// The Dockerfile's path in the context.
    pub dockerfile: String,
    pub args: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    pub target: Option<String>,
    pub network: Option<String>,
    pub cache_from: Vec<String>,
    /// `host:address`.
    pub extra_hosts: Vec<String>,
    pub no_cache: bool,
    /// Look for newer base images.
    pub pull: bool,
    /// Bytes.
    pub shm_size: Option<i64>,
    pub platform: Option<String>,
}

impl Engine {
    /// Builds an image from a tar stream of its context. `progress` gets the builder's lines.
    pub async fn build_image(
        &self,
        spec: &BuildSpec,
        context: Option<impl Stream<Item = io::Result<Bytes>> + Send + 'static>,
        mut progress: impl FnMut(&str),
    ) -> Result<()> {
        let name = spec.tags.first().map(String::as_str).unwrap_or_default();
        let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
        let map = |map: &BTreeMap<String, String>| {
            (!map.is_empty()).then(|| map.clone().into_iter().collect::<HashMap<_, _>>())
        };
        let options = BuildImageOptions {
            dockerfile: spec.dockerfile.clone(),
            t: Some(name.to_owned()),
            remote: spec.remote.clone(),
            buildargs: map(&spec.args),
            labels: map(&spec.labels),
            target: spec.target.clone().unwrap_or_default(),
            networkmode: spec.network.clone(),
            cachefrom: some(&spec.cache_from),
            extrahosts: some(&spec.extra_hosts).map(|hosts| hosts.join(",")),
            nocache: spec.no_cache,
            pull: spec.pull.then(|| "true".to_owned()),
            shmsize: spec.shm_size.and_then(|size| i32::try_from(size).ok()),
            platform: spec.platform.clone().unwrap_or_default(),
            rm: true,
            forcerm: true,
            ..BuildImageOptions::default()
        };
        let body = context.map(bollard::body_try_stream);
        let mut steps = Box::pin(self.docker.build_image(options, None, body));
        // The last lines say why a command in it failed.
        let mut said = VecDeque::new();
        while let Some(step) = steps.next().await {
            let BuildInfo { stream, status, error_detail, .. } =
                step.map_err(|error| broken(name, &words(&error), &said))?;
            if let Some(error) = error_detail {
                return Err(broken(name, &error.message.unwrap_or_default(), &said));
            }
            for line in stream.iter().chain(&status).flat_map(|text| text.lines()) {
                if !line.trim().is_empty() {
                    progress(line);
                    said.push_back(line.to_owned());
                    said.drain(..said.len().saturating_sub(SAID));
                }
            }
        }
        for tag in spec.tags.iter().skip(1) {
            self.tag_image(name, tag).await?;
        }
        Ok(())
    }

    async fn tag_image(&self, image: &str, name: &str) -> Result<()> {
        // A colon before the last slash belongs to the registry's port.
        let cut = name.rfind(':').filter(|at| !name[*at..].contains('/'));
        let (repository, tag) = cut.map_or((name, "latest"), |at| (&name[..at], &name[at + 1..]));
        let options = bollard::query_parameters::TagImageOptions {
            repo: Some(repository.to_owned()),
            tag: Some(tag.to_owned()),
        };
        self.docker
            .tag_image(image, Some(options))
            .await
            .map_err(|error| failed(&format!("tag image {name}"), error))
    }
}

fn words(error: &bollard::errors::Error) -> String {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        bollard::errors::Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    }
}

fn broken(name: &str, why: &str, said: &VecDeque<String>) -> anyhow::Error {
    let said = said.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let failure = Failure::failed(format!("build image {name}: {}\n{said}", why.trim()));
    let buildkit =
        ["requires BuildKit", "--mount", "unknown flag", "heredoc"].iter().any(|word| why.contains(word));
    if buildkit {
        failure.hint(
            "build it with `docker compose build`, which brings BuildKit; `stagectl up` then takes the image",
        )
    } else {
        failure.hint("mend its Dockerfile, then run the same command again: what succeeded is in the cache")
    }
    .into()
}
