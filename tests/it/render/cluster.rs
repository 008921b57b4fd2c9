//! The Redis cluster of the `node-mongo-cluster` blueprint forms, and finds itself again after a restart.

use std::process::Command;
use std::time::Duration;

use super::super::support::{docker, engine_or_skip, eventually, image};
use super::accepted::docker_compose;
use super::blueprint;

struct Project<'a> {
    folder: std::path::PathBuf,
    compose: &'a [String],
}

impl Project<'_> {
    fn compose(&self, args: &[&str]) -> std::process::Output {
        Command::new(&self.compose[0])
            .args(&self.compose[1..])
            .args(["-f", "docker-compose.staging.yml"])
            .args(args)
            .current_dir(&self.folder)
            .output()
            .expect("run docker compose")
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        self.compose(&["--profile", "*", "down", "--volumes", "--timeout", "1"]);
    }
}

#[test]
fn two_shards_of_three_form_and_find_each_other_again() {
    if !engine_or_skip() {
        return;
    }
    let Some(compose) = docker_compose() else { return };
    let name = format!("rt-cluster-{}", std::process::id());
    let workspace = blueprint("node-mongo-cluster", &name);
    workspace.write("stagectl.local.yml", &format!("images: {{'redis:7.2': '{}'}}\n", image("redis")));
    workspace.stagectl(&["generate"]).expect_code(0);
    let project = Project { folder: workspace.path(""), compose: &compose };
    let container = |part: &str| format!("{name}-{part}-staging");
    let ask = |words: &str| {
        docker(&[
            "exec",
            &container("redis-1"),
            "sh",
            "-c",
            &format!("REDISCLI_AUTH=$REDIS_PASSWORD redis-cli -c {words}"),
        ])
    };
    for round in ["formed", "found again"] {
        let output = project.compose(&["up", "--detach", "redis-cluster"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let code = docker(&["wait", &container("redis-cluster")]);
        assert_eq!(code, "0", "{round}: {}", docker(&["logs", &container("redis-cluster")]));
        let info = ask("cluster info");
        assert!(info.contains("cluster_state:ok") && info.contains("cluster_size:2"), "{round}: {info}");
        let nodes = eventually("four replicas follow", Duration::from_secs(20), || {
            Some(ask("cluster nodes")).filter(|nodes| nodes.matches("slave").count() == 4)
        });
        assert_eq!(nodes.lines().count(), 6, "{round}: {nodes}");
        if round == "formed" {
            assert_eq!(ask("set proof here"), "OK");
            project.compose(&["down", "--timeout", "5"]);
        }
    }
    assert_eq!(ask("get proof"), "here", "the data is still there");
}
