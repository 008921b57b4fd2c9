//! Commands inside containers.

use std::pin::Pin;
use std::time::Duration;

use anyhow::Result;
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults};
use futures_util::{Stream, StreamExt as _};
use tokio::io::AsyncWrite;

use super::{Engine, failed};
use crate::failure::Failure;

/// What a command in a container answered.
#[derive(Debug, Clone, Default)]
pub struct ExecOutput {
    pub code: i64,
    pub stdout: String,
    pub stderr: String,
}

/// A command to run, with what it is given.
#[derive(Debug, Clone, Default)]
pub struct ExecInput {
    pub command: Vec<String>,
    /// `NAME=value`; the place for secrets, which never go into `command`.
    pub env: Vec<String>,
    /// `None`: the container's user.
    pub user: Option<String>,
    /// `None`: the container's working directory.
    pub directory: Option<String>,
    pub privileged: bool,
    pub tty: bool,
    pub stdin: bool,
}

/// What a command writes, as it comes; `true` is stderr.
pub type Output = Pin<Box<dyn Stream<Item = Result<(bool, bytes::Bytes)>> + Send>>;

/// A command that runs, with its ends.
pub struct Running {
    pub id: String,
    pub output: Output,
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
}

impl Engine {
    /// Runs a command in a container and waits for it. The container is named by id or name.
    pub async fn exec(&self, container: &str, command: &[&str]) -> Result<ExecOutput> {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        self.exec_input(container, ExecInput { command, ..ExecInput::default() }).await
    }

    /// [`Engine::exec`] with environment and user.
    pub async fn exec_input(&self, container: &str, input: ExecInput) -> Result<ExecOutput> {
        let mut running = self.exec_start(container, input).await?;
        let mut result = ExecOutput::default();
        while let Some(chunk) = running.output.next().await {
            let (stderr, bytes) = chunk?;
            let end = if stderr { &mut result.stderr } else { &mut result.stdout };
            end.push_str(&String::from_utf8_lossy(&bytes));
        }
        result.code = self.exec_code(&running.id).await?;
        Ok(result)
    }

    /// Like [`Engine::exec_input`], given up after `timeout` (`None`).
    pub async fn exec_within(
        &self,
        container: &str,
        input: ExecInput,
        timeout: Duration,
    ) -> Result<Option<ExecOutput>> {
        tokio::time::timeout(timeout, self.exec_input(container, input)).await.ok().transpose()
    }

    /// Starts a command and returns its ends.
    pub async fn exec_start(&self, container: &str, input: ExecInput) -> Result<Running> {
        let tty = input.tty;
        let options = CreateExecOptions {
            cmd: Some(input.command),
            env: (!input.env.is_empty()).then_some(input.env),
            user: input.user,
            working_dir: input.directory,
            privileged: input.privileged.then_some(true),
            tty: Some(tty),
            attach_stdin: Some(input.stdin),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::<String>::default()
        };
        let exec = self
            .docker
            .create_exec(container, options)
            .await
            .map_err(|error| failed(&format!("exec in {container}"), error))?;
        let start = StartExecOptions { detach: false, tty, output_capacity: None };
        match self
            .docker
            .start_exec(&exec.id, Some(start))
            .await
            .map_err(|error| failed(&format!("exec in {container}"), error))?
        {
            StartExecResults::Attached { output, input } => Ok(Running {
                id: exec.id,
                output: Box::pin(output.map(|chunk| {
                    let chunk = chunk.map_err(|error| failed("read the command's output", error))?;
                    Ok((matches!(chunk, LogOutput::StdErr { .. }), chunk.into_bytes()))
                })),
                input,
            }),
            StartExecResults::Detached => {
                Err(Failure::failed(format!("exec in {container}: the engine detached it")).into())
            }
        }
    }

    /// The exit code of a command that has ended.
    pub async fn exec_code(&self, id: &str) -> Result<i64> {
        let state =
            self.docker.inspect_exec(id).await.map_err(|error| failed("ask for the exit code", error))?;
        Ok(state.exit_code.unwrap_or(-1))
    }

    /// Tells a command's terminal its size, in characters.
    pub async fn exec_resize(&self, id: &str, width: u16, height: u16) -> Result<()> {
        self.docker
            .resize_exec(id, ResizeExecOptions { height, width })
            .await
            .map_err(|error| failed("resize the terminal", error))
    }
}
