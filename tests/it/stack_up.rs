//! `up`, `down`, `restart`, `status`, `logs`, `exec` on a real engine.

use std::time::Duration;

use super::support::{Container, Stack, docker, engine_or_skip, eventually, free_port};

/// Two services and a one-shot between them; quick to start and to stop.
const TWO: &str = "\
name: PROJECT
services:
  base:
    image: stagectl-local/debian:bookworm
    command: [sh, -c, 'trap \"exit 0\" TERM; echo base is here; while :; do sleep 0.1; done']
    healthcheck: {test: [CMD, test, -e, /etc/hostname], interval: 30s, timeout: 5s, retries: 3}
    networks: [inner]
    stop_grace_period: 1s
    restart: unless-stopped
  job:
    image: stagectl-local/debian:bookworm
    command: [sh, -c, 'echo job is done']
    depends_on: {base: {condition: service_healthy}}
    networks: [inner]
    restart: 'no'
  front:
    image: stagectl-local/debian:bookworm
    command: [sh, -c, 'trap \"exit 0\" TERM; while :; do sleep 0.1; done']
    environment: {COLOUR: blue}
    volumes: ['kept:/kept']
    depends_on: {job: {condition: service_completed_successfully}}
    networks: [inner, outer]
    stop_grace_period: 1s
  extra:
    image: stagectl-local/debian:bookworm
    profiles: [extra]
    command: [sh, -c, 'trap \"exit 0\" TERM; while :; do sleep 0.1; done']
    networks: [inner]
    stop_grace_period: 1s
networks:
  inner: {internal: true}
  outer:
volumes:
  kept:
";

#[test]
fn up_from_nothing_starts_all_in_order_and_up_again_changes_nothing() {
    if !engine_or_skip() {
        return;
    }
    let stack = Stack::new("up", TWO);
    let plan = stack.stagectl(&["up", "--dry-run"]).expect_code(0);
    assert!(plan.stdout.contains("create container"), "{}", plan.stdout);
    assert!(stack.containers().is_empty(), "a dry run made containers");

    stack.stagectl(&["up"]).expect_code(0);
    assert_eq!(stack.state("base"), "running");
    assert_eq!(stack.state("job"), "exited");
    assert_eq!(stack.state("front"), "running");
    assert_eq!(stack.state("extra"), "", "a profile nobody asked for was started");

    let before = stack.containers();
    let again = stack.stagectl(&["up", "--json"]).expect_code(0).json();
    assert_eq!(again["changed"], false, "{again}");
    assert_eq!(stack.containers(), before);
}

#[test]
fn a_changed_service_is_the_only_one_that_is_replaced() {
    if !engine_or_skip() {
        return;
    }
    let stack = Stack::new("change", TWO);
    stack.stagectl(&["up"]).expect_code(0);
    let before = stack.containers();
    stack.write(&TWO.replace("blue", "green"));
    let plan = stack.stagectl(&["up", "--dry-run"]).expect_code(0).stdout;
    assert!(plan.contains("its configuration changed"), "{plan}");
    stack.stagectl(&["up"]).expect_code(0);
    let after = stack.containers();
    assert_eq!(after.len(), before.len());
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(old.0, new.0);
        assert_eq!(old.1 != new.1, old.0.contains("front"), "{old:?} {new:?}");
    }
    let front = after.iter().find(|c| c.0.contains("front")).expect("the front container");
    assert!(docker(&["exec", &front.1, "env"]).contains("COLOUR=green"));
}

#[test]
fn down_takes_inactive_profiles_along_and_leaves_volumes_until_asked() {
    if !engine_or_skip() {
        return;
    }
    let stack = Stack::new("down", TWO);
    stack.stagectl(&["up", "--profile", "extra"]).expect_code(0);
    assert_eq!(stack.state("extra"), "running");
    stack.stagectl(&["down"]).expect_code(0);
    assert!(stack.containers().is_empty());
    assert_eq!(docker(&["network", "ls", "-q", "--filter", &stack.label()]), "");
    assert_ne!(docker(&["volume", "ls", "-q", "--filter", &stack.label()]), "");
    stack.stagectl(&["down", "--volumes"]).expect_code(5);
    assert_ne!(docker(&["volume", "ls", "-q", "--filter", &stack.label()]), "");
    stack.stagectl(&["down", "--volumes", "--yes"]).expect_code(0);
    assert_eq!(docker(&["volume", "ls", "-q", "--filter", &stack.label()]), "");
    let nothing = stack.stagectl(&["down"]).expect_code(0);
    assert!(nothing.stdout.contains("nothing to do"), "{}", nothing.stdout);
}

#[test]
fn status_logs_exec_and_restart_work_on_the_containers() {
    if !engine_or_skip() {
        return;
    }
    let stack = Stack::new("daily", TWO);
    stack.stagectl(&["up"]).expect_code(0);
    let status = stack.stagectl(&["status", "--json"]).expect_code(0).json();
    let job = status["containers"].as_array().expect("a list").iter().find(|c| c["service"] == "job");
    assert_eq!(job.expect("the job")["exit_code"], 0, "{status}");

    let logs = stack.stagectl(&["logs", "base", "--tail", "5"]).expect_code(0).stdout;
    assert!(logs.contains("base-1 | base is here"), "{logs}");
    assert!(!logs.contains("job is done"), "{logs}");

    let run =
        stack.stagectl(&["exec", "front", "sh", "-c", "echo $COLOUR; echo oops >&2; exit 7"]).expect_code(7);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("blue\n", "oops\n"));
    stack.stagectl(&["exec", "nobody", "true"]).expect_code(4);

    let before = stack.containers();
    stack.stagectl(&["restart", "base"]).expect_code(0);
    for (old, new) in before.iter().zip(&stack.containers()) {
        assert_eq!(old.1, new.1);
        assert_eq!(old.2 != new.2, old.0.contains("base"), "{old:?} {new:?}");
    }
}

#[test]
fn a_name_that_belongs_to_somebody_else_is_refused_before_anything_changes() {
    if !engine_or_skip() {
        return;
    }
    let stack = Stack::new(
        "name",
        &TWO.replace("    environment:", "    container_name: PROJECT-front\n    environment:"),
    );
    let name = format!("{}-front", stack.project);
    let foreign = Container::run(&["--name", &name, "stagectl-local/debian:bookworm", "sleep", "60"]);
    let refused = stack.stagectl(&["up"]).expect_code(4);
    assert!(
        refused.stderr.contains(&name) && refused.stderr.contains("taken by somebody else"),
        "{}",
        refused.stderr
    );
    assert!(stack.containers().is_empty());
    assert_eq!(docker(&["network", "ls", "-q", "--filter", &stack.label()]), "");
    assert_eq!(docker(&["inspect", "--format", "{{.State.Status}}", &foreign.id]), "running");
}

#[test]
fn a_taken_port_is_named_with_its_holder_before_anything_changes() {
    if !engine_or_skip() {
        return;
    }
    let port = free_port();
    let ports = format!("    ports: ['127.0.0.1:{port}:80']\n    environment:");
    let stack = Stack::new("port", &TWO.replace("    environment:", &ports));
    let socket = std::net::TcpListener::bind(("127.0.0.1", port)).expect("bind the port");
    let refused = stack.stagectl(&["up"]).expect_code(4);
    let process = format!("(pid {})", std::process::id());
    assert!(
        refused.stderr.contains(&port.to_string()) && refused.stderr.contains(&process),
        "{}",
        refused.stderr
    );
    assert!(stack.containers().is_empty());
    drop(socket);

    let publish = format!("127.0.0.1:{port}:80");
    let name = format!("{}-holder", stack.project);
    let holder = Container::run(&[
        "--name",
        &name,
        "--publish",
        &publish,
        "stagectl-local/debian:bookworm",
        "sleep",
        "60",
    ]);
    let refused = stack.stagectl(&["up"]).expect_code(4);
    assert!(refused.stderr.contains(&format!("the container {name}")), "{}", refused.stderr);
    assert!(stack.containers().is_empty());
    drop(holder);
    eventually("the port is free", Duration::from_secs(10), || {
        std::net::TcpListener::bind(("127.0.0.1", port)).ok()
    });
    stack.stagectl(&["up"]).expect_code(0);
}

#[test]
fn without_an_engine_the_exit_code_is_4_with_a_hint() {
    let stack = Stack::new("none", TWO);
    let missing = "unix:///nonexistent/docker.sock";
    let workspace = super::support::Workspace::with_config("version: 1\nproject: x\nservices: {}\n")
        .env("DOCKER_HOST", missing);
    workspace.write("docker-compose.staging.yml", &stack.workspace.read("docker-compose.staging.yml"));
    let failed = workspace.stagectl(&["up"]).expect_code(4);
    assert!(failed.stderr.contains("hint: start it"), "{}", failed.stderr);
}

#[test]
fn a_key_that_is_not_understood_is_named_and_refused() {
    for (key, named) in [
        ("    ipcs: host\n    environment:", "services.front"),
        ("    image: a\n    environment:", "defined twice"),
        ("    volumes_from: [nobody]\n    environment:", "services.front"),
        ("    cpus: many\n    environment:", "services.front.cpus: must be a number"),
    ] {
        let stack = Stack::new("key", &TWO.replace("    environment:", key));
        let refused = stack.stagectl(&["up"]).expect_code(3);
        assert!(refused.stderr.contains(named), "{key}: {}", refused.stderr);
    }
}
