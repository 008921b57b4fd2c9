//! Programs in containers as pipes: bytes in, bytes out, the exit code. Passwords go through the
//! environment, never through the argument list.

use std::collections::BTreeMap;

use anyhow::Result;
use bollard::container::LogOutput;
use bollard::query_parameters::{AttachContainerOptions, WaitContainerOptions};
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use super::{ContainerSpec, Engine, ExecInput, failed};

/// How much of a program's error output is kept, in bytes.
pub const STDERR_LIMIT: usize = 16 * 1024;
/// The label of one-shot containers; its value names the project.
const ONE_SHOT: &str = "stagectl.one-shot";

/// Takes what a program writes, in pieces.
pub type Sink<'s> = dyn FnMut(&[u8]) -> Result<()> + Send + 's;

/// How a program ended.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    pub code: i64,
    /// The first [`STDERR_LIMIT`] bytes.
    pub stderr: String,
}

impl Ended {
    /// Keeps error output up to the limit.
    pub fn error_output(&mut self, bytes: &[u8]) {
        let room = STDERR_LIMIT.saturating_sub(self.stderr.len()).min(bytes.len());
        self.stderr.push_str(&String::from_utf8_lossy(&bytes[..room]));
    }
}

impl Engine {
    /// Runs a command in a running container and hands its output to `sink`.
    pub async fn exec_pipe(
        &self,
        container: &str,
        command: &[String],
        env: &[String],
        sink: &mut Sink<'_>,
    ) -> Result<Ended> {
        let input = ExecInput { command: command.to_vec(), env: env.to_vec(), ..ExecInput::default() };
        let mut running = self.exec_start(container, input).await?;
        let mut ended = Ended::default();
        while let Some(chunk) = running.output.next().await {
            match chunk? {
                (true, bytes) => ended.error_output(&bytes),
                (false, bytes) => sink(&bytes)?,
            }
        }
        ended.code = self.exec_code(&running.id).await?;
        Ok(ended)
    }

    /// Runs a command in a container of its own on the host's network, which goes with it.
    /// Those that a killed run has left are removed first.
    pub async fn one_shot(
        &self,
        project: &str,
        image: &str,
        command: &[String],
        env: &[String],
        sink: &mut Sink<'_>,
    ) -> Result<Ended> {
        for stale in self.all_containers().await? {
            let ours = stale.labels.get(ONE_SHOT).is_some_and(|owner| owner == project);
            if ours && stale.status != "running" {
                self.remove_container(&stale.id).await?;
            }
        }
        let (program, arguments) = command.split_first().map_or((None, &[][..]), |(p, a)| (Some(p), a));
        let spec = ContainerSpec {
            name: format!("{project}-one-shot-{}", std::process::id()),
            image: image.to_owned(),
            entrypoint: program.map(|program| vec![program.clone()]),
            command: Some(arguments.to_vec()),
            env: env.to_vec(),
            labels: BTreeMap::from([(ONE_SHOT.to_owned(), project.to_owned())]),
            network_mode: Some("host".to_owned()),
            restart: "no".to_owned(),
            cap_drop: vec!["ALL".to_owned()],
            security_opt: vec!["no-new-privileges:true".to_owned()],
            user: Some("65534:65534".to_owned()),
            read_only: true,
            ..ContainerSpec::default()
        };
        let guard = Removed { engine: self.clone(), id: Some(self.create_container(&spec).await?) };
        let id = guard.id.clone().unwrap_or_default();
        let result = self.attached(&id, sink).await;
        guard.now().await?;
        result
    }

    async fn attached(&self, id: &str, sink: &mut Sink<'_>) -> Result<Ended> {
        let options = AttachContainerOptions {
            stdout: true,
            stderr: true,
            stream: true,
            ..AttachContainerOptions::default()
        };
        let mut attached = self
            .docker
            .attach_container(id, Some(options))
            .await
            .map_err(|error| failed("attach to the container", error))?;
        self.start_container(id).await?;
        attached.input.shutdown().await.ok();
        let mut ended = Ended::default();
        while let Some(chunk) = attached.output.next().await {
            match chunk.map_err(|error| failed("read the container's output", error))? {
                LogOutput::StdErr { message } => ended.error_output(&message),
                other => sink(&other.into_bytes())?,
            }
        }
        let mut waiting = self.docker.wait_container(id, None::<WaitContainerOptions>);
        ended.code = match waiting.next().await {
            None => 0,
            Some(Ok(response)) => response.status_code,
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) => return Err(failed("wait for the container", error)),
        };
        Ok(ended)
    }
}

/// Removes the container, also when the work is dropped half way.
struct Removed {
    engine: Engine,
    id: Option<String>,
}

impl Removed {
    async fn now(mut self) -> Result<()> {
        match self.id.take() {
            Some(id) => self.engine.remove_container(&id).await,
            None => Ok(()),
        }
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            let engine = self.engine.clone();
            tokio::spawn(async move { engine.remove_container(&id).await });
        }
    }
}
