//! docker compose and stagectl on the same containers: neither undoes the other's work.

use super::support::{Stack, compose_or_skip, docker, engine_or_skip};

/// Every key that stagectl's own files use, and the odd ones.
const EVERYTHING: &str = r#"
name: PROJECT
services:
  store:
    image: stagectl-local/redis:7
    container_name: PROJECT-store
    user: '999:999'
    command: [sh, -c, 'printf "requirepass %s\nsave \"\"\n" "$$SECRET" | exec redis-server -']
    env_file: ./store.env
    environment: {ODD: "a<b>&c \"quoted\" $$x é", FLAG: true, COUNT: 5, RATIO: 0.5, EMPTY: ''}
    ports: ['127.0.0.1::6379']
    networks: {inner: {aliases: [cache], priority: 10}, outer: }
    volumes: ['kept:/data', './conf:/conf:ro', {type: bind, source: ./conf, target: /long, read_only: true}]
    tmpfs: ['/tmp:size=16m,mode=1777']
    read_only: true
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    security_opt: ['no-new-privileges:true']
    healthcheck:
      test: [CMD-SHELL, 'REDISCLI_AUTH="$$SECRET" redis-cli ping | grep -q PONG']
      interval: 2s
      timeout: 5s
      retries: 5
      start_period: 10s
    restart: unless-stopped
    cpus: 0.5
    mem_limit: 128m
    pids_limit: 100
    stop_grace_period: 1m30s
    logging: {driver: json-file, options: {compress: 'true', max-file: '5', max-size: 10m}}
    labels: {com.example.note: 'one', com.example.count: 5}
    init: true
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 200}
    sysctls: {net.core.somaxconn: 512}
    extra_hosts: ['b.example:10.0.0.2', 'a.example=10.0.0.1']
    expose: [7000]
    stop_signal: SIGTERM
    shm_size: 64m
    hostname: store
    working_dir: /data
  worker:
    image: stagectl-local/debian:bookworm
    entrypoint: ['/bin/sh', -c]
    command: ['trap "exit 0" TERM; while :; do sleep 0.1; done']
    depends_on: {store: {condition: service_healthy, restart: true}}
    networks: [inner]
    deploy:
      replicas: 2
      resources: {limits: {cpus: '1', memory: 64m, pids: 20}, reservations: {memory: 32m}}
  tool:
    image: stagectl-local/debian:bookworm
    command: sleep 600
    stop_grace_period: 0s
    profiles: [tools]
networks:
  inner: {internal: true, labels: {a: b}}
  outer: {driver: bridge, driver_opts: {com.docker.network.bridge.enable_ip_masquerade: 'false'}}
volumes:
  kept: {name: PROJECT_kept_data}
"#;

fn stack(subject: &str) -> Option<Stack> {
    if !engine_or_skip() || !compose_or_skip() {
        return None;
    }
    let stack = Stack::new(subject, EVERYTHING);
    stack.workspace.write("store.env", "SECRET='it-is-$a#secret'\nPLAIN=1\n");
    stack.workspace.write("conf/readme", "x");
    Some(stack)
}

#[test]
fn docker_compose_finds_nothing_to_change_after_stagectl() {
    let Some(stack) = stack("after") else { return };
    stack.stagectl(&["up", "--all"]).expect_code(0);
    let before = stack.containers();
    assert_eq!(before.len(), 4);
    let words = stack.compose(&["--profile", "tools", "up", "--detach"]);
    assert_eq!(stack.containers(), before, "{words}");

    let listed = stack.compose(&["--profile", "tools", "ps", "--format", "{{.Name}}"]);
    assert_eq!(listed.lines().filter(|line| line.starts_with(&stack.project)).count(), 4, "{listed}");
    assert!(stack.compose(&["logs", "store"]).contains("Ready to accept connections"));
    assert!(stack.compose(&["exec", "-T", "worker", "echo", "here"]).contains("here"));
    stack.compose(&["restart", "--timeout", "1", "worker"]);
    let ids = |list: &[(String, String, String)]| list.iter().map(|c| c.1.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&stack.containers()), ids(&before));
    assert_eq!(stack.stagectl(&["up", "--all", "--json"]).expect_code(0).json()["changed"], false);

    // The workers ask to be restarted along with the store.
    let before = stack.containers();
    stack.stagectl(&["restart", "store"]).expect_code(0);
    for (old, new) in before.iter().zip(&stack.containers()) {
        assert_eq!(old.2 == new.2, old.0.contains("tool"), "{old:?} {new:?}");
    }
    stack.compose(&["--profile", "tools", "down"]);
    assert!(stack.containers().is_empty());
}

#[test]
fn stagectl_finds_nothing_to_change_after_docker_compose() {
    let Some(stack) = stack("before") else { return };
    stack.compose(&["--profile", "tools", "up", "--detach"]);
    let before = stack.containers();
    let up = stack.stagectl(&["up", "--all", "--json"]).expect_code(0).json();
    assert_eq!(up["changed"], false, "{up:#}");
    assert_eq!(stack.containers(), before);
    stack.stagectl(&["down"]).expect_code(0);
    assert!(stack.containers().is_empty());
}

#[test]
fn every_hash_is_the_one_that_docker_compose_writes() {
    let Some(stack) = stack("hash") else { return };
    let format = "{{.Name}} {{index .Config.Labels \"com.docker.compose.config-hash\"}}";
    let hashes = |stack: &Stack| {
        let containers = stack.containers();
        let ids: Vec<&str> = containers.iter().map(|c| c.1.as_str()).collect();
        let mut args = vec!["inspect", "--format", format];
        args.extend(ids);
        docker(&args)
    };
    stack.compose(&["--profile", "tools", "create"]);
    let theirs = hashes(&stack);
    stack.compose(&["--profile", "tools", "down", "--volumes"]);
    stack.stagectl(&["up", "--all"]).expect_code(0);
    assert_eq!(hashes(&stack), theirs);
    // A hash that did not depend on the file would prove nothing.
    stack.write(&EVERYTHING.replace("COUNT: 5", "COUNT: 6"));
    stack.stagectl(&["up", "--all"]).expect_code(0);
    assert_ne!(hashes(&stack), theirs);
}
