//! Containers for tests, through the docker command line; removed with their guard.

use std::net::TcpListener;
use std::process::Command;

/// Runs `docker` and returns its output; panics with its words when it fails.
pub fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().expect("the docker command line is installed");
    assert!(
        output.status.success(),
        "docker {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// False, said loudly, where no engine answers; a failure in CI (`STAGECTL_REQUIRE_ENGINE=1`).
pub fn engine_or_skip() -> bool {
    let answers = Command::new("docker").arg("info").output().is_ok_and(|output| output.status.success());
    if !answers {
        assert!(std::env::var_os("STAGECTL_REQUIRE_ENGINE").is_none(), "the Docker Engine does not answer");
        eprintln!("SKIPPED: the Docker Engine does not answer; start it to run this test");
    }
    answers
}

/// The image for a part of the stack: `STAGECTL_TEST_POSTGRES` and the like, or the local build.
pub fn image(part: &str) -> String {
    let default = match part {
        "postgres" => "stagectl-local/postgres:15",
        "postgres17" => "stagectl-local/postgres:17",
        "redis" => "stagectl-local/redis:7",
        "nginx" => "stagectl-local/nginx:1.22",
        "prometheus" => "stagectl-local/prometheus:2.42",
        "alertmanager" => "stagectl-local/alertmanager:0.25",
        "app" => "stagectl-local/sample-app:1.0.0",
        other => panic!("no image is known for `{other}`"),
    };
    std::env::var(format!("STAGECTL_TEST_{}", part.to_uppercase())).unwrap_or_else(|_| default.to_owned())
}

/// A port that nobody uses right now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

/// A running container; removed with its anonymous volumes on drop.
#[derive(Debug)]
pub struct Container {
    pub id: String,
}

impl Container {
    /// `docker run --detach ARGS`.
    pub fn run(args: &[&str]) -> Self {
        let mut line = vec!["run", "--detach", "--label", "stagectl.test=1"];
        line.extend_from_slice(args);
        Self { id: docker(&line) }
    }

    /// The host port that a container port is published at.
    pub fn port(&self, container_port: u16) -> u16 {
        let text = docker(&["port", &self.id, &format!("{container_port}/tcp")]);
        let line = text.lines().next().unwrap_or_default();
        line.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a published port")
    }

    /// Runs a command inside; `None` when it fails.
    pub fn try_exec(&self, command: &[&str]) -> Option<String> {
        let output = Command::new("docker").arg("exec").arg(&self.id).args(command).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", "--volumes", &self.id]).output();
    }
}
