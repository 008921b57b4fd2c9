//! Do the running containers still match the compose file?

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::containers::bytes;
use crate::engine::Container;
use crate::validation::compose::{self, text, words};
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

pub const CHECKS: &[Check] = &[Check {
    id: "INF-004",
    title: "running containers match the compose file",
    quick: true,
    needs: &[Need::Engine, Need::Compose],
    expected: "same image, command, user, limits, restart policy and environment as docker-compose.staging.yml",
    remedy: "`stagectl up` recreates what differs",
    run: |facts| Box::pin(async { no_drift(facts) }),
    ..Check::base(Category::Infrastructure)
}];

fn no_drift(facts: &Facts) -> Outcome {
    let Ok((_, file)) = &facts.compose else { return Outcome::error("no compose file") };
    let services = compose::services(file);
    let mut problems = Vec::new();
    let mut checked = 0;
    for container in facts.running() {
        let Some(service) = services.get(container.service()) else {
            problems.push(format!("{}: the compose file has no such service", container.name));
            continue;
        };
        checked += 1;
        match compose::environment(&facts.settings, service) {
            Ok(environment) => problems.extend(differences(container, service, &environment)),
            Err(error) => problems.push(format!("{}: {error}", container.name)),
        }
    }
    Outcome::none(problems, checked, "containers match")
}

/// What differs, by name; values of variables are never shown.
fn differences(
    container: &Container,
    service: &Value,
    environment: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, want: &str, have: &str| {
        if want != have {
            found.push(format!("{}: {what} is `{have}`, not `{want}`", container.name));
        }
    };
    if let Some(image) = service.get("image") {
        differ("image", &text(image), &container.image);
    }
    if let Some(user) = service.get("user") {
        differ("user", &text(user), &container.user);
    }
    if let Some(restart) = service.get("restart") {
        let have = if container.host.restart.is_empty() { "no" } else { &container.host.restart };
        differ("restart policy", text(restart).split(':').next().unwrap_or_default(), have);
    }
    let read_only = service.get("read_only").is_some_and(|value| text(value) == "true");
    differ("read_only", &read_only.to_string(), &container.host.read_only.to_string());
    if let Some(limit) = service.get("mem_limit").and_then(|value| bytes(&text(value))) {
        differ("memory limit", &limit.to_string(), &container.host.memory.to_string());
    }
    if let Some(limit) = service.get("pids_limit") {
        differ("process limit", &text(limit), &container.host.pids_limit.to_string());
    }
    let command: Vec<String> =
        words(service.get("command")).iter().map(|word| word.replace("$$", "$")).collect();
    if !command.is_empty()
        && service.get("command").is_some_and(Value::is_sequence)
        && command != container.command
    {
        found.push(format!("{}: its command differs", container.name));
    }
    let running: BTreeMap<&str, &str> =
        container.env.iter().filter_map(|line| line.split_once('=')).collect();
    for (name, value) in environment {
        match running.get(name.as_str()) {
            Some(have) if have == value => {}
            Some(_) => found.push(format!("{}: its {name} has another value", container.name)),
            None => found.push(format!("{}: it runs without {name}", container.name)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_drift_is_named_and_no_value_is_shown() {
        let service: Value = serde_yaml::from_str(
            "{image: 'a:1', user: '10:10', read_only: true, mem_limit: 64m, pids_limit: 9, restart: always,
              command: [run, '$$X']}",
        )
        .unwrap();
        let environment = BTreeMap::from([("KEY".to_owned(), "secret-value".to_owned())]);
        let mut container = Container { image: "a:1".into(), user: "10:10".into(), ..Container::default() };
        container.command = vec!["run".into(), "$X".into()];
        container.env = vec!["KEY=secret-value".into()];
        container.host.read_only = true;
        container.host.memory = 64 << 20;
        container.host.pids_limit = 9;
        container.host.restart = "always".into();
        assert_eq!(differences(&container, &service, &environment), [""; 0]);

        let faults: [fn(&mut Container); 8] = [
            |c| c.image = "a:2".into(),
            |c| c.user = "0:0".into(),
            |c| c.host.read_only = false,
            |c| c.host.memory = 0,
            |c| c.host.pids_limit = 0,
            |c| c.host.restart = "no".into(),
            |c| c.command = vec!["walk".into()],
            |c| c.env = vec!["KEY=other-value".into()],
        ];
        for fault in faults {
            let mut broken = container.clone();
            fault(&mut broken);
            let found = differences(&broken, &service, &environment);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(!found[0].contains("-value"), "{found:?}");
        }
    }
}
