//! The engine refuses one call of a start, each of them in turn: what ran before runs again.

use super::support::{FAULT, FaultyEngine, Stack, Workspace, docker, engine_or_skip};

const FILE: &str = "\
name: PROJECT
x-sleeper: &sleeper
  image: stagectl-local/debian:bookworm
  command: [sh, -c, 'trap \"exit 0\" TERM; while :; do sleep 0.1; done']
  healthcheck: {test: [CMD, 'true'], interval: 30s}
  stop_grace_period: 1s
services:
  store: {<<: *sleeper, networks: [inner]}
  app: {<<: *sleeper, networks: [inner], environment: {LOOK: old}, depends_on: {store: {condition: service_healthy}}}
  shares: {<<: *sleeper, network_mode: 'service:app'}
networks: {inner: }
";

/// The new file: another configuration, one service and one network more.
fn changed() -> String {
    FILE.replace("LOOK: old", "LOOK: new").replace(
        "networks: {inner: }",
        "  more: {<<: *sleeper, networks: [inner, outer]}\nnetworks: {inner: , outer: }",
    )
}

fn run(stack: &Stack, engine: &FaultyEngine, args: &[&str]) -> (Option<i32>, String) {
    let output =
        stack.workspace.command(args).env("DOCKER_HOST", engine.host()).output().expect("run stagectl");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn ids(stack: &Stack) -> Vec<(String, String)> {
    stack.containers().into_iter().map(|(name, id, _)| (name, id)).collect()
}

#[test]
fn whichever_call_the_engine_refuses_what_ran_before_runs_again() {
    if !engine_or_skip() {
        return;
    }
    let workspace = Workspace::new();
    let state = workspace.path("state");
    let workspace = workspace.env("XDG_STATE_HOME", state.display().to_string());
    let stack = Stack::over(workspace, format!("stest-faults-{}", std::process::id()));
    let write = |text: &str| stack.workspace.write("compose.yml", &text.replace("PROJECT", &stack.project));
    write(FILE);
    stack.stagectl(&["up", "-f", "compose.yml"]).expect_code(0);
    let before = ids(&stack);
    let networks = || docker(&["network", "ls", "-q", "--filter", &stack.label()]);
    let networks_before = networks();
    write(&changed());
    let mut refused = 0;
    loop {
        let engine = FaultyEngine::refusing(refused + 1);
        let (code, words) = run(&stack, &engine, &["up", "-f", "compose.yml"]);
        if ids(&stack) != before {
            // Only removals of what was replaced are left: they come when nothing can fail any more.
            assert!(engine.writes() > refused, "the fault was not reached: {words}");
            stack.stagectl(&["up", "-f", "compose.yml"]).expect_code(0);
            break;
        }
        refused += 1;
        assert_eq!(code, Some(6), "write {refused}: {words}");
        assert!(words.contains(FAULT), "write {refused}: {words}");
        assert_eq!(networks(), networks_before, "write {refused}: {words}");
        for service in ["store", "app", "shares"] {
            assert_eq!(stack.state(service), "running", "write {refused}, {service}: {words}");
        }
    }
    assert!(refused >= 8, "only {refused} writes were refused");
    assert_eq!(stack.containers().len(), 4);
    let again = stack.stagectl(&["up", "-f", "compose.yml", "--json"]).expect_code(0).json();
    assert_eq!(again["changed"], false, "{again:#}");
}
