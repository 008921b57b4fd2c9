//! A folder of its own for each test, and the binary run in it with a clean environment.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a run of the binary gave.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// stdout as JSON; panics with all output where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Panics with all output unless the exit code is this one.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

/// A temporary folder with a `stagectl.yml`.
#[derive(Debug)]
pub struct Workspace {
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Workspace {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), env: Vec::new() }
    }

    /// With this text as `stagectl.yml`.
    pub fn with_config(text: &str) -> Self {
        let workspace = Self::new();
        workspace.write("stagectl.yml", text);
        workspace
    }

    /// Sets a variable for every run.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().expect("a folder above")).expect("make the folder");
        fs_err::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
            .expect("write the file");
    }

    pub fn read(&self, name: impl AsRef<Path>) -> String {
        fs_err::read_to_string(self.path(name)).expect("read the file")
    }

    /// The files in a folder whose name starts with `prefix`, sorted.
    pub fn files(&self, folder: &str, prefix: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs_err::read_dir(self.path(folder)) else { return Vec::new() };
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
            .collect();
        found.sort();
        found
    }

    /// Runs `stagectl ARGS` here and waits for it.
    pub fn stagectl(&self, args: &[&str]) -> Outcome {
        let output = self.command(args).output().expect("run stagectl");
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts `stagectl ARGS` here and returns at once, for tests that interrupt it.
    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start stagectl")
    }

    /// The command line of `stagectl ARGS` here, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("stagectl"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null()).env_clear();
        for name in ["PATH", "HOME", "DOCKER_HOST", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("NO_COLOR", "1");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}
