//! Any compose file, in a folder that knows nothing of stagectl: stagectl and docker compose make the same
//! containers of it, and neither finds anything to change after the other.

use serde_json::{Map, Value, json};

use super::support::{Stack, Workspace, compose_or_skip, docker, engine_or_skip};

const FILES: [(&str, &str, &[&str]); 4] = [
    ("shared", include_str!("../data/projects/shared.yml"), &["--profile", "more"]),
    ("files", include_str!("../data/projects/files.yml"), &[]),
    ("networks", include_str!("../data/projects/networks.yml"), &[]),
    ("limits", include_str!("../data/projects/limits.yml"), &[]),
];

/// A project in a folder of its own, without a `stagectl.yml`.
fn foreign(subject: &str, compose: &str) -> Stack {
    let project = format!("stest-any-{subject}-{}", std::process::id());
    let workspace = Workspace::new();
    let state = workspace.path("state");
    let workspace = workspace.env("XDG_STATE_HOME", state.display().to_string());
    workspace.write("compose.yml", &compose.replace("PROJECT", &project));
    workspace.write("state/.keep", "");
    workspace.write(".env", "ANSWER=fourty two\n");
    workspace.write("own.env", "OWN='from the file'\n");
    workspace.write("secret.txt", "first secret");
    workspace.write("app.conf", "first=1\n");
    workspace.write("folder/inside", "x");
    workspace.write("seccomp.json", r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}"#);
    Stack::over(workspace, project)
}

fn up(stack: &Stack, more: &[&str]) -> super::support::Outcome {
    stack.stagectl(&[&["up", "-f", "compose.yml"], more].concat())
}

/// What the engine was told about each container, less what is new each time.
fn bodies(stack: &Stack) -> Map<String, Value> {
    let containers = stack.containers();
    let ids: Vec<&str> = containers.iter().map(|container| container.1.as_str()).collect();
    let text = docker(&[&["inspect"], ids.as_slice()].concat());
    let inspected: Vec<Value> = serde_json::from_str(&text).expect("JSON of docker inspect");
    let name_of = |id: &str| containers.iter().find(|c| c.1 == id).map_or(id.to_owned(), |c| c.0.clone());
    inspected
        .into_iter()
        .map(|mut one| {
            let name = one["Name"].as_str().unwrap_or_default().trim_start_matches('/').to_owned();
            let id = one["Id"].as_str().unwrap_or_default().to_owned();
            let host = one["HostConfig"].as_object_mut().expect("a host config");
            // The same mounts can be said in two ways; what came of them is below `Mounts`.
            host.remove("Binds");
            host.remove("Mounts");
            // Docker compose writes them in the order of a hash map.
            sort(&mut host["ExtraHosts"]);
            sort(&mut host["Ulimits"]);
            if host["RestartPolicy"]["Name"] == "no" {
                host["RestartPolicy"]["Name"] = json!("");
            }
            for value in host.values_mut() {
                let other = value.as_str().and_then(|text| text.strip_prefix("container:")).map(name_of);
                if let Some(other) = other {
                    *value = json!(format!("container:{other}"));
                }
                if let Some(list) = value.as_array_mut() {
                    list.iter_mut().filter(|item| item.is_string()).for_each(|item| {
                        let known = name_of(item.as_str().unwrap_or_default());
                        *item = json!(known);
                    });
                }
            }
            let shares = ["NetworkMode", "IpcMode", "PidMode"]
                .iter()
                .any(|key| one["HostConfig"][key].as_str().is_some_and(|m| m.starts_with("container:")))
                || !one["HostConfig"]["VolumesFrom"].is_null();
            let config = one["Config"].as_object_mut().expect("a config");
            let of_an_id = |host: &str| containers.iter().any(|container| container.1.starts_with(host));
            if config["Hostname"].as_str().is_some_and(of_an_id) {
                config.remove("Hostname");
            }
            let labels = config["Labels"].as_object_mut().expect("labels");
            let random = ["depends_on", "compose.version"];
            labels.retain(|key, _| {
                !key.starts_with("io.stagectl.") && !random.iter().any(|end| key.ends_with(end))
            });
            for (_, value) in labels.iter_mut().filter(|(key, _)| key.ends_with("config-hash")) {
                // It holds the id of another container.
                if shares && !value.as_str().unwrap_or_default().is_empty() {
                    *value = json!("by id");
                }
            }
            sort(&mut one["Config"]["Env"]);
            let mut mounts: Vec<Value> = one["Mounts"]
                .as_array()
                .expect("mounts")
                .iter()
                .map(|m| {
                    let random = m["Name"].as_str().is_some_and(|name| name.len() == 64);
                    let source = if random { json!("random") } else { m["Source"].clone() };
                    json!([m["Destination"], m["Type"], source, m["RW"], m["Propagation"]])
                })
                .collect();
            mounts.sort_by_key(Value::to_string);
            let mut networks = one["NetworkSettings"]["Networks"].clone();
            for (_, network) in networks.as_object_mut().into_iter().flatten() {
                let mut kept = json!({ "IPAMConfig": network["IPAMConfig"], "Aliases": network["Aliases"],
                    "Links": network["Links"], "DriverOpts": network["DriverOpts"] });
                if let Some(aliases) = kept["Aliases"].as_array_mut() {
                    aliases.retain(|alias| !alias.as_str().is_some_and(|alias| id.starts_with(alias)));
                }
                sort(&mut kept["Aliases"]);
                sort(&mut kept["Links"]);
                *network = kept;
            }
            let body = json!({ "config": one["Config"], "host": one["HostConfig"], "mounts": mounts, "networks": networks });
            (name, body)
        })
        .collect()
}

fn sort(list: &mut Value) {
    if let Some(list) = list.as_array_mut() {
        list.sort_by_key(Value::to_string);
        list.dedup();
    }
}

/// The leaves that differ, as `path: ours, theirs`.
fn differences(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    let empty = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(true) => false,
    };
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let null = Value::Null;
                let at = format!("{path}.{key}");
                differences(&at, a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null), found);
            }
        }
        (a, b) if a != b && !(empty(a) && empty(b)) => found.push(format!("{path}: {a}, {b}")),
        _ => {}
    }
}

#[test]
fn both_make_the_same_containers_and_neither_changes_the_work_of_the_other() {
    if !engine_or_skip() || !compose_or_skip() {
        return;
    }
    std::thread::scope(|scope| {
        for (subject, file, options) in FILES {
            scope.spawn(move || interop(subject, file, options));
        }
    });
}

fn interop(subject: &str, file: &str, options: &[&str]) {
    let stack = foreign(subject, file);
    let before: Vec<_> = stack.workspace.files("", "");
    up(&stack, options).expect_code(0);
    assert_eq!(stack.workspace.files("", ""), before, "{subject}: files in a foreign folder");
    let ours = bodies(&stack);
    let ids = stack.containers();
    let dry = stack.docker_compose(&[options, &["--dry-run", "up", "--detach"]].concat());
    assert!(!["Recreate", "Create ", "Creating"].iter().any(|word| dry.contains(word)), "{subject}: {dry}");
    let words = stack.docker_compose(&[options, &["up", "--detach"]].concat());
    let same = |a: &[(String, String, String)], b: &[(String, String, String)]| {
        a.iter().map(|c| &c.1).eq(b.iter().map(|c| &c.1))
    };
    assert!(same(&stack.containers(), &ids), "{subject}: docker compose changed something: {words}");

    stack.stagectl(&[&["down", "-f", "compose.yml", "--volumes", "--yes"], options].concat()).expect_code(0);
    assert!(stack.containers().is_empty());
    stack.docker_compose(&[options, &["up", "--detach"]].concat());
    let theirs = bodies(&stack);
    let mut found = Vec::new();
    differences("", &Value::Object(ours), &Value::Object(theirs), &mut found);
    assert!(found.is_empty(), "{subject}: ours and theirs differ:\n{}", found.join("\n"));
    let ids = stack.containers();
    let again = up(&stack, &[options, &["--json"]].concat()).expect_code(0).json();
    assert_eq!(again["changed"], false, "{subject}: {again:#}");
    assert!(same(&stack.containers(), &ids), "{subject}: stagectl changed something");
    stack.stagectl(&[&["down", "-f", "compose.yml", "--volumes", "--yes"], options].concat()).expect_code(0);
    assert!(stack.containers().is_empty());
}

/// The id of the container of a service.
fn id_of(stack: &Stack, service: &str) -> String {
    let filter = format!("label=com.docker.compose.service={service}");
    docker(&["ps", "-aq", "--no-trunc", "--filter", &stack.label(), "--filter", &filter])
}

fn exec(stack: &Stack, service: &str, command: &str) -> String {
    let all = ["exec", "--file", "compose.yml", service, "--", "sh", "-c", command];
    stack.stagectl(&all).expect_code(0).stdout.trim().to_owned()
}

#[test]
fn a_changed_secret_config_or_mounted_file_makes_its_users_anew_and_nobody_else() {
    if !engine_or_skip() {
        return;
    }
    let file = include_str!("../data/projects/files.yml").replace(
        "secrets:\n  plain: {file",
        "  other: {image: stagectl-local/debian:bookworm, command: sleep 600, stop_grace_period: 0s}\nsecrets:\n  plain: {file",
    );
    let stack = foreign("changed", &file);
    up(&stack, &[]).expect_code(0);
    assert_eq!(
        exec(&stack, "user", "stat -c '%a %u %g' /etc/app/key; cat /etc/app/key"),
        "440 10 20\nfourty two"
    );
    assert_eq!(
        exec(&stack, "user", "cat /run/secrets/plain /etc/app/inline.conf"),
        "first secretanswer=fourty two"
    );
    exec(&stack, "user", "echo kept > /nameless/mark; echo kept > /named/mark");
    let other = id_of(&stack, "other");
    for (name, text, place) in [
        ("secret.txt", "second secret", "/run/secrets/plain"),
        ("app.conf", "second=1\n", "/etc/app"),
        (".env", "ANSWER=7\n", "/etc/app"),
    ] {
        let before = id_of(&stack, "user");
        stack.workspace.write(name, text);
        let plan = up(&stack, &["--dry-run"]).expect_code(0).stdout;
        let told =
            plan.contains(&format!("the file behind {place}")) || plan.contains("its configuration changed");
        assert!(told && !plan.contains("other"), "{name}: {plan}");
        assert_eq!(id_of(&stack, "user"), before, "a dry run changed something");
        up(&stack, &[]).expect_code(0);
        assert_ne!(id_of(&stack, "user"), before, "{name}");
        assert_eq!(up(&stack, &["--json"]).expect_code(0).json()["changed"], false, "{name}");
    }
    assert_eq!(id_of(&stack, "other"), other);
    let seen =
        exec(&stack, "user", "cat /run/secrets/plain /etc/app.conf /etc/app/key /nameless/mark /named/mark");
    assert_eq!(seen, "second secretsecond=1\n7kept\nkept");
}

#[test]
fn what_shares_with_a_container_that_is_made_anew_is_made_anew_with_it() {
    if !engine_or_skip() {
        return;
    }
    let file = include_str!("../data/projects/shared.yml");
    let stack = foreign("anew", file);
    up(&stack, &[]).expect_code(0);
    let before = ["base", "inside", "beside", "linked"].map(|service| id_of(&stack, service));
    let changed = file.replace("ipc: shareable", "ipc: shareable\n    environment: {LOOK: new}");
    stack.workspace.write("compose.yml", &changed.replace("PROJECT", &stack.project));
    let plan = up(&stack, &["--dry-run"]).expect_code(0).stdout;
    assert!(plan.contains("it shares with base, which is made anew"), "{plan}");
    up(&stack, &[]).expect_code(0);
    let after = ["base", "inside", "beside", "linked"].map(|service| id_of(&stack, service));
    let anew: Vec<bool> = before.iter().zip(&after).map(|(old, new)| old != new).collect();
    assert_eq!(anew, [true, true, true, false]);
    let mode = docker(&["inspect", "--format", "{{.HostConfig.NetworkMode}}", &after[1]]);
    assert_eq!(mode, format!("container:{}", after[0]));
    assert_eq!(up(&stack, &["--json"]).expect_code(0).json()["changed"], false);
    // By its name alone, from anywhere.
    stack.stagectl(&["down", "--project-name", &stack.project]).expect_code(0);
    assert!(stack.containers().is_empty());
}

/// `FIRST` and `SECOND` are commands; `slow` gets ready after three seconds.
const PAIR: &str = "\
name: PROJECT
services:
  first: {image: stagectl-local/debian:bookworm, command: [sh, -c, 'FIRST'], stop_grace_period: 0s}
  slow:
    image: stagectl-local/debian:bookworm
    command: [sh, -c, 'sleep 3; touch /tmp/ready; sleep 600']
    healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 30s}
    stop_grace_period: 0s
    depends_on: {first: {condition: service_started, required: REQUIRED}}
";

#[test]
fn a_service_that_ends_after_it_was_ready_is_a_failure_unless_nobody_needs_it() {
    if !engine_or_skip() {
        return;
    }
    let file = PAIR.replace("FIRST", "sleep 2; echo the reason; exit 3");
    let stack = foreign("late", &file.replace("REQUIRED", "true"));
    let failed = up(&stack, &[]).expect_code(6);
    for words in ["first did not start", "it was ready, and then it ended with exit code 3", "the reason"] {
        assert!(failed.stderr.contains(words), "{words}: {}", failed.stderr);
    }
    assert!(stack.containers().is_empty(), "something was left");
    let file = PAIR.replace("FIRST", "echo the reason; exit 3").replace("REQUIRED", "false");
    stack.workspace.write("compose.yml", &file.replace("PROJECT", &stack.project));
    let done = up(&stack, &[]).expect_code(0);
    assert!(done.stderr.contains("the reason") && done.stderr.contains("nobody needs it"), "{}", done.stderr);
    assert_eq!((stack.state("first"), stack.state("slow")), ("exited".to_owned(), "running".to_owned()));
}

#[test]
fn with_keep_failed_everything_stays_until_the_next_command_puts_it_back() {
    if !engine_or_skip() {
        return;
    }
    let file = PAIR.replace("REQUIRED", "true");
    let stack = foreign("keep", &file.replace("FIRST", "sleep 600"));
    up(&stack, &[]).expect_code(0);
    let before = stack.containers();
    let broken = file.replace("FIRST", "exit 4").replace("PROJECT", &stack.project);
    stack.workspace.write("compose.yml", &broken);
    let failed = up(&stack, &["--keep-failed"]).expect_code(6);
    assert!(failed.stderr.contains("everything is kept as it failed"), "{}", failed.stderr);
    assert_eq!(stack.containers().len(), 3, "the old and the failed container of `first`, and `slow`");
    let good = file.replace("FIRST", "sleep 600").replace("PROJECT", &stack.project);
    stack.workspace.write("compose.yml", &good);
    let next = up(&stack, &[]).expect_code(0);
    assert!(next.stderr.contains("putting things in order first"), "{}", next.stderr);
    let ids = |list: &[(String, String, String)]| {
        list.iter().map(|c| (c.0.clone(), c.1.clone())).collect::<Vec<_>>()
    };
    assert_eq!(ids(&stack.containers()), ids(&before));
    assert_eq!((stack.state("first"), stack.state("slow")), ("running".to_owned(), "running".to_owned()));
}

#[test]
fn what_this_engine_cannot_make_is_refused_before_anything_changes() {
    if !engine_or_skip() {
        return;
    }
    for (key, code, words) in [
        ("isolation: hyperv", 3, "services.first.isolation is for Windows containers"),
        ("volumes: [{type: npipe, source: a, target: b}]", 3, "services.first.volumes holds a named pipe"),
        ("gpus: all", 6, "could not select device driver"),
        ("secrets: [gone]", 3, "the variable STAGECTL_TEST_GONE is not set"),
        ("secrets: [far]", 3, "is external"),
        ("pull_policy: never", 4, "forbids to pull it"),
        ("container_name: x\n    scale: 2", 3, "container_name"),
    ] {
        let image = if key.starts_with("pull") {
            "stagectl-local/nothing:1"
        } else {
            "stagectl-local/debian:bookworm"
        };
        let text = format!(
            "name: PROJECT\nservices:\n  first:\n    image: {image}\n    {key}\nsecrets:\n  gone: {{environment: STAGECTL_TEST_GONE}}\n  far: {{external: true}}\n"
        );
        let stack = foreign("cannot", &text);
        let refused = up(&stack, &[]).expect_code(code);
        assert!(refused.stderr.contains(words), "{key}: {}", refused.stderr);
        assert!(stack.containers().is_empty());
    }
}
