//! Images: looked up, and pulled when they are missing.

use anyhow::Result;
use bollard::query_parameters::CreateImageOptions;
use futures_util::StreamExt as _;

use super::{Engine, ImageInfo, connect, failed, inspect, is_missing, registry};
use crate::failure::Failure;

impl Engine {
    /// An image that the engine has; `None` when it has to be pulled or built.
    pub async fn image(&self, reference: &str) -> Result<Option<ImageInfo>> {
        match self.docker.inspect_image(reference).await {
            Ok(raw) => Ok(Some(inspect::image(raw))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed(&format!("inspect image {reference}"), error)),
        }
    }

    /// Pulls an image, as the user who has logged in to its registry. `progress` gets the
    /// registry's status lines.
    pub async fn pull_image(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: impl Fn(&str),
    ) -> Result<()> {
        let options = CreateImageOptions {
            from_image: Some(reference.to_owned()),
            platform: platform.unwrap_or_default().to_owned(),
            ..Default::default()
        };
        let credentials = registry::credentials(connect::folder().as_deref(), reference).await;
        let mut steps = self.docker.create_image(Some(options), None, credentials);
        while let Some(step) = steps.next().await {
            let step = step.map_err(|error| {
                Failure::environment(format!("pull image {reference}: {}", words(&error)))
                    .hint("log in to its registry, build it under this name, or name another in `images` of stagectl.yml")
            })?;
            if let Some(status) = step.status {
                progress(&status);
            }
        }
        Ok(())
    }
}

fn words(error: &bollard::errors::Error) -> String {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        bollard::errors::Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    }
}
