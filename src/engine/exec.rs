//! Commands inside containers.

use anyhow::{Context as _, Result};
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::StreamExt as _;

use super::Engine;

/// What a command in a container answered.
#[derive(Debug, Clone, Default)]
pub struct ExecOutput {
    pub code: i64,
    pub stdout: String,
    pub stderr: String,
}

impl Engine {
    /// Runs a command in a container and waits for it. The container is named by id or name.
    pub async fn exec(&self, container: &str, command: &[&str]) -> Result<ExecOutput> {
        let options = CreateExecOptions {
            cmd: Some(command.iter().map(|&word| word.to_owned()).collect()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::<String>::default()
        };
        let exec = self
            .docker
            .create_exec(container, options)
            .await
            .with_context(|| format!("exec in {container}"))?;
        let mut result = ExecOutput::default();
        if let StartExecResults::Attached { mut output, .. } =
            self.docker.start_exec(&exec.id, None::<StartExecOptions>).await?
        {
            while let Some(chunk) = output.next().await {
                match chunk? {
                    LogOutput::StdErr { message } => {
                        result.stderr.push_str(&String::from_utf8_lossy(&message));
                    }
                    LogOutput::StdOut { message } | LogOutput::Console { message } => {
                        result.stdout.push_str(&String::from_utf8_lossy(&message));
                    }
                    LogOutput::StdIn { .. } => {}
                }
            }
        }
        result.code = self.docker.inspect_exec(&exec.id).await?.exit_code.unwrap_or(-1);
        Ok(result)
    }
}
