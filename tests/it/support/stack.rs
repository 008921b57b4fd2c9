//! A compose project of its own for a test: a name nobody else has, a compose file, and a
//! guard that removes by label whatever is left.

use std::path::PathBuf;
use std::process::Command;

use super::container::docker;
use super::workspace::{Outcome, Workspace};

/// A workspace with a `docker-compose.staging.yml` and containers that go with it.
#[derive(Debug)]
pub struct Stack {
    pub workspace: Workspace,
    pub project: String,
}

impl Stack {
    /// The file's `PROJECT` is replaced by the project's own name.
    pub fn new(subject: &str, compose: &str) -> Self {
        let project = format!("stest-{subject}-{}", std::process::id());
        let config = format!("version: 1\nproject: {project}\nservices: {{}}\n");
        let stack = Self::over(Workspace::with_config(&config), project);
        stack.write(compose);
        stack
    }

    /// Over a workspace that has its files already.
    pub fn over(mut workspace: Workspace, project: String) -> Self {
        if let Some(folder) = compose_binary().and_then(|path| path.parent().map(PathBuf::from)) {
            let path = std::env::var("PATH").unwrap_or_default();
            workspace = workspace.env("PATH", format!("{}:{path}", folder.display()));
        }
        Self { workspace, project }
    }

    /// Replaces the compose file.
    pub fn write(&self, compose: &str) {
        self.workspace.write("docker-compose.staging.yml", &compose.replace("PROJECT", &self.project));
    }

    pub fn stagectl(&self, args: &[&str]) -> Outcome {
        self.workspace.stagectl(args)
    }

    /// Runs docker compose on the same file; panics with its words when it fails.
    pub fn compose(&self, args: &[&str]) -> String {
        self.docker_compose(&[&["--file", "docker-compose.staging.yml"], args].concat())
    }

    /// Runs docker compose on the file that it finds here; panics with its words when it fails.
    pub fn docker_compose(&self, args: &[&str]) -> String {
        let binary = compose_binary().expect("docker compose, asked for before");
        let output = Command::new(binary)
            .args(args)
            .current_dir(self.workspace.path(""))
            .output()
            .expect("run docker compose");
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "docker compose {}: {text}", args.join(" "));
        text
    }

    /// Name, id and start time of every container of the project, in order of the name.
    pub fn containers(&self) -> Vec<(String, String, String)> {
        let ids = docker(&["ps", "-aq", "--no-trunc", "--filter", &self.label()]);
        let mut list: Vec<(String, String, String)> = ids
            .lines()
            .map(|id| {
                let line = docker(&["inspect", "--format", "{{.Name}} {{.Id}} {{.State.StartedAt}}", id]);
                let mut words = line.trim_start_matches('/').split(' ').map(str::to_owned);
                let mut word = || words.next().unwrap_or_default();
                (word(), word(), word())
            })
            .collect();
        list.sort();
        list
    }

    /// The container's state: `running`, `exited`, ….
    pub fn state(&self, service: &str) -> String {
        let filter = format!("label=com.docker.compose.service={service}");
        docker(&["ps", "-a", "--filter", &self.label(), "--filter", &filter, "--format", "{{.State}}"])
    }

    pub fn label(&self) -> String {
        format!("label=com.docker.compose.project={}", self.project)
    }

    fn remove(&self, list: &[&str], remove: &[&str]) {
        let Ok(output) = Command::new("docker").args(list).args(["--filter", &self.label()]).output() else {
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !text.trim().is_empty() {
            let _ = Command::new("docker").args(remove).args(text.split_whitespace()).output();
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.remove(&["ps", "-aq"], &["rm", "--force", "--volumes"]);
        self.remove(&["network", "ls", "-q"], &["network", "rm"]);
        self.remove(&["volume", "ls", "-q"], &["volume", "rm"]);
    }
}

/// docker compose, version 2 or later: `STAGECTL_TEST_COMPOSE`, else the one on the path.
pub fn compose_binary() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("STAGECTL_TEST_COMPOSE") {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("docker-compose")).find(|file| file.is_file())
}

/// False, said loudly, where there is no docker compose; a failure in CI.
pub fn compose_or_skip() -> bool {
    let found = compose_binary().is_some();
    if !found {
        assert!(std::env::var_os("STAGECTL_REQUIRE_ENGINE").is_none(), "there is no docker compose");
        eprintln!("SKIPPED: there is no docker compose; set STAGECTL_TEST_COMPOSE to run this test");
    }
    found
}
