//! Starts that fail, are interrupted or killed: what ran before runs again.

use std::time::Duration;

use super::support::{Container, Stack, docker, engine_or_skip, eventually, free_port};

/// The port is chosen by the test; `READY` decides whether the second service gets ready.
const PAIR: &str = "\
name: PROJECT
services:
  base:
    image: stagectl-local/debian:bookworm
    command: [sh, -c, 'trap \"exit 0\" TERM; while :; do sleep 0.1; done']
    environment: {LOOK: old}
    ports: ['127.0.0.1:PORT:80']
    networks: [inner]
    stop_grace_period: 1s
  front:
    image: stagectl-local/debian:bookworm
    command: [sh, -c, 'trap \"exit 0\" TERM; echo the front says why; while :; do sleep 0.1; done']
    environment: {LOOK: old}
    healthcheck: {test: [CMD-SHELL, 'echo the probe says why; test READY = yes'], interval: 30s, timeout: 5s}
    depends_on: [base]
    networks: [inner]
    stop_grace_period: 1s
networks:
  inner:
";

fn pair(port: u16, look: &str, ready: &str) -> String {
    PAIR.replace("PORT", &port.to_string()).replace("old", look).replace("READY", ready)
}

/// Names and ids; start times differ after a restore.
fn ids(stack: &Stack) -> Vec<(String, String)> {
    stack.containers().into_iter().map(|(name, id, _)| (name, id)).collect()
}

fn assert_restored(stack: &Stack, before: &[(String, String)]) {
    assert_eq!(ids(stack), before);
    assert_eq!((stack.state("base"), stack.state("front")), ("running".to_owned(), "running".to_owned()));
    assert!(stack.workspace.files("staging-backups", ".journal").is_empty(), "a journal was left");
}

#[test]
fn a_service_that_does_not_get_ready_says_why_and_what_ran_before_runs_again() {
    if !engine_or_skip() {
        return;
    }
    let port = free_port();
    let stack = Stack::new("unready", &pair(port, "old", "yes"));
    stack.stagectl(&["up"]).expect_code(0);
    let before = ids(&stack);
    stack.write(&pair(port, "new", "no"));
    let failed = stack.stagectl(&["up", "--wait-timeout", "2"]).expect_code(6);
    for words in ["front did not start", "within 2 s", "the probe says why", "the front says why"] {
        assert!(failed.stderr.contains(words), "{words}: {}", failed.stderr);
    }
    assert_restored(&stack, &before);
    stack.write(&pair(port, "old", "yes"));
    assert_eq!(stack.stagectl(&["up", "--json"]).expect_code(0).json()["changed"], false);
}

#[test]
fn a_first_start_that_fails_leaves_nothing_behind() {
    if !engine_or_skip() {
        return;
    }
    let stack = Stack::new(
        "first",
        &pair(free_port(), "old", "yes").replace("echo the front", "exit 3; echo the front"),
    );
    let failed = stack.stagectl(&["up"]).expect_code(6);
    assert!(failed.stderr.contains("exit code 3"), "{}", failed.stderr);
    assert!(stack.containers().is_empty());
    assert_eq!(docker(&["network", "ls", "-q", "--filter", &stack.label()]), "");
}

#[test]
fn a_service_that_ends_again_and_again_is_a_failure() {
    if !engine_or_skip() {
        return;
    }
    let looping = pair(free_port(), "old", "yes")
        .replace("echo the front says why; while :; do sleep 0.1; done", "exit 4")
        .replace("    healthcheck:", "    restart: always\n    healthcheck:");
    let stack = Stack::new("loop", &looping);
    let failed = stack.stagectl(&["up", "--wait-timeout", "30"]).expect_code(6);
    assert!(failed.stderr.contains("exit code 4"), "{}", failed.stderr);
    assert!(!failed.stderr.contains("within 30 s"), "{}", failed.stderr);
}

#[test]
fn a_port_that_is_taken_in_the_middle_is_named_and_what_ran_before_runs_again() {
    if !engine_or_skip() {
        return;
    }
    let port = free_port();
    let stack = Stack::new("middle", &pair(port, "old", "yes"));
    stack.stagectl(&["up"]).expect_code(0);
    let before = ids(&stack);
    // A third service whose port is free while the plan is made: its gate takes the port.
    let late = free_port();
    let gate = format!("{}-thief", stack.project);
    stack.write(&pair(port, "new", "yes").replace(
        "networks:\n  inner:\n",
        &format!(
            "  late:\n    image: stagectl-local/debian:bookworm\n    command: [sleep, '60']\n    ports: ['127.0.0.1:{late}:80']\n    depends_on: {{slow: {{condition: service_completed_successfully}}}}\n    networks: [inner]\n  slow:\n    image: stagectl-local/debian:bookworm\n    command: [sleep, '4']\n    networks: [inner]\nnetworks:\n  inner:\n"
        ),
    ));
    let child = stack.workspace.spawn(&["up"]);
    eventually("the gate runs", Duration::from_secs(20), || (stack.state("slow") == "running").then_some(()));
    let publish = format!("127.0.0.1:{late}:80");
    let _thief = Container::run(&[
        "--name",
        &gate,
        "--publish",
        &publish,
        "stagectl-local/debian:bookworm",
        "sleep",
        "60",
    ]);
    let output = child.wait_with_output().expect("the end of stagectl");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{stderr}");
    assert!(stderr.contains(&late.to_string()) && stderr.contains(&gate), "{stderr}");
    assert_restored(&stack, &before);
}

/// Starts an `up` that cannot get ready, and returns when the old container has been stopped.
fn stuck_up(stack: &Stack, port: u16) -> std::process::Child {
    stack.write(&pair(port, "new", "no"));
    let child = stack.workspace.spawn(&["up", "--wait-timeout", "60"]);
    eventually("the replacement of the front runs", Duration::from_secs(20), || {
        let filter = "label=com.docker.compose.service=front";
        let lines =
            docker(&["ps", "-a", "--filter", &stack.label(), "--filter", filter, "--format", "{{.State}}"]);
        (lines.contains("running") && lines.contains("exited")).then_some(())
    });
    child
}

#[test]
fn after_an_interrupt_what_ran_before_runs_again() {
    if !engine_or_skip() {
        return;
    }
    let port = free_port();
    let stack = Stack::new("int", &pair(port, "old", "yes"));
    stack.stagectl(&["up"]).expect_code(0);
    let before = ids(&stack);
    let child = stuck_up(&stack, port);
    let pid = child.id().to_string();
    std::process::Command::new("kill").args(["-INT", &pid]).status().expect("send the signal");
    let output = child.wait_with_output().expect("the end of stagectl");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_restored(&stack, &before);
}

#[test]
fn after_a_kill_the_next_run_puts_things_in_order_first() {
    if !engine_or_skip() {
        return;
    }
    let port = free_port();
    let stack = Stack::new("kill", &pair(port, "old", "yes"));
    stack.stagectl(&["up"]).expect_code(0);
    let before = ids(&stack);
    let mut child = stuck_up(&stack, port);
    child.kill().expect("kill stagectl");
    child.wait().expect("the end of stagectl");
    assert_ne!(ids(&stack), before, "the kill came too late to leave a mess");
    stack.write(&pair(port, "old", "yes"));
    let next = stack.stagectl(&["up"]).expect_code(0);
    assert!(next.stderr.contains("did not finish"), "{}", next.stderr);
    assert_restored(&stack, &before);
}

#[test]
fn the_second_of_two_at_once_is_told_who_is_at_work() {
    if !engine_or_skip() {
        return;
    }
    let port = free_port();
    let stack = Stack::new("two", &pair(port, "old", "yes"));
    stack.stagectl(&["up"]).expect_code(0);
    let mut first = stuck_up(&stack, port);
    let second = stack.stagectl(&["up"]).expect_code(4);
    let holder = format!("up (process {}", first.id());
    assert!(second.stderr.contains(&holder), "{}", second.stderr);
    first.kill().expect("kill the first");
    first.wait().expect("the end of the first");
}
