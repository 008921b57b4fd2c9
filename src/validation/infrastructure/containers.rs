//! Do the containers run, are they healthy, do they stay up?

use std::time::Duration;

use futures_util::future::join_all;

use crate::config::services::{Role, Service};
use crate::engine::{Container, Engine};
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { needs: &[Need::Engine], quick: true, ..Check::base(Category::Infrastructure) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "INF-001",
        title: "every service runs",
        severity: Severity::Blocker,
        expected: "as many running containers of each service as it has replicas",
        remedy: "`stagectl up`; `stagectl logs SERVICE` shows why one stopped",
        run: |facts| Box::pin(async { services_run(facts) }),
        ..BASE
    },
    Check {
        id: "INF-002",
        title: "every container is healthy",
        severity: Severity::Blocker,
        expected: "health `healthy` and no failed probe in a row",
        remedy: "`stagectl logs SERVICE`, then `stagectl restart SERVICE`",
        timeout: Duration::from_secs(20),
        run: |facts| Box::pin(healthy(facts)),
        ..BASE
    },
    Check {
        id: "INF-003",
        title: "no container crashed or ran out of memory",
        expected: "no restart and no kill for lack of memory since the start",
        remedy: "look at `stagectl logs SERVICE`; raise `limits.memory` where memory ran out",
        run: |facts| Box::pin(async { stable(facts) }),
        ..BASE
    },
    Check {
        id: "INF-014",
        title: "container logs are rotated",
        severity: Severity::Minor,
        expected: "a log driver with `max-size` and `max-file`, at most 100 MB a container",
        remedy: "`stagectl generate` and `stagectl up` set it on every container",
        run: |facts| Box::pin(async { logs_rotate(facts) }),
        ..BASE
    },
    Check {
        id: "INF-015",
        title: "every image is pinned to a version",
        severity: Severity::Minor,
        expected: "a tag other than `latest`, or a digest",
        remedy: "pin the tag in `services.*.image` of stagectl.yml",
        run: |facts| Box::pin(async { images_pinned(facts) }),
        ..BASE
    },
    Check {
        id: "INF-016",
        title: "no container is left over",
        severity: Severity::Minor,
        expected: "each container of the project belongs to a service of stagectl.yml",
        remedy: "`stagectl up` removes what no service asks for",
        run: |facts| Box::pin(async { no_orphans(facts) }),
        ..BASE
    },
];

fn services_run(facts: &Facts) -> Outcome {
    let expected = facts.expected_services();
    let problems = expected
        .iter()
        .filter_map(|name| {
            let service = facts.settings.config.services.get(*name)?;
            let containers: Vec<&Container> = facts.containers_of(name).collect();
            not_running(name, service, &containers)
        })
        .collect();
    Outcome::none(problems, expected.len(), "services run")
}

fn not_running(name: &str, service: &Service, containers: &[&Container]) -> Option<String> {
    if service.role == Role::Job {
        let failed = containers.iter().find(|c| !c.state.running && c.state.exit_code != 0);
        return failed.map(|failed| format!("{name}: ended with exit code {}", failed.state.exit_code));
    }
    let running = containers.iter().filter(|c| c.state.running && c.state.status != "restarting").count();
    if running == service.replicas as usize {
        return None;
    }
    let state = match containers.iter().find(|c| !c.state.running || c.state.status == "restarting") {
        Some(c) if c.state.status == "restarting" => format!("{} restarts over and over", c.name),
        Some(c) => format!("{} stopped with exit code {}", c.name, c.state.exit_code),
        None => "no container".to_owned(),
    };
    Some(format!("{name}: {running} of {} run ({state})", service.replicas))
}

async fn healthy(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let checked: Vec<&Container> = facts.running().filter(|c| has_health(facts, c)).collect();
    let asked = checked.iter().map(|container| async move {
        let problem = unhealthy(container)?;
        // The engine has not probed it yet: ask it ourselves instead of waiting for the interval.
        (!is_starting(container) || !probe(engine, container).await).then_some(problem)
    });
    let problems = join_all(asked).await.into_iter().flatten().collect();
    Outcome::none(problems, checked.len(), "containers healthy")
}

fn is_starting(container: &Container) -> bool {
    container.state.health.as_ref().is_some_and(|health| health.status == "starting")
}

/// Runs a container's health command once.
async fn probe(engine: &Engine, container: &Container) -> bool {
    let test: Vec<&str> = container
        .healthcheck
        .as_ref()
        .map(|check| check.test.iter().map(String::as_str).collect())
        .unwrap_or_default();
    let command = match test.as_slice() {
        ["CMD", words @ ..] => words.to_vec(),
        ["CMD-SHELL", line] => vec!["sh", "-c", *line],
        _ => return false,
    };
    engine.exec(&container.id, &command).await.is_ok_and(|output| output.code == 0)
}

/// Containers with a health check, and those whose service should have brought one.
fn has_health(facts: &Facts, container: &Container) -> bool {
    container.state.health.is_some()
        || facts.settings.config.services.get(container.service()).is_some_and(|service| {
            service.health.as_ref().is_some_and(|h| h.test.first().is_some_and(|t| t != "NONE"))
        })
}

fn unhealthy(container: &Container) -> Option<String> {
    let Some(health) = &container.state.health else {
        return Some(format!("{}: runs without a health check", container.name));
    };
    if health.status == "healthy" && health.failing_streak == 0 {
        return None;
    }
    let probe = health.log.last().and_then(|probe| probe.output.trim().lines().last()).unwrap_or_default();
    let probe = if probe.is_empty() { String::new() } else { format!(": {probe}") };
    let failed = health.failing_streak;
    Some(format!("{}: {}, {failed} failed probes in a row{probe}", container.name, health.status))
}

fn stable(facts: &Facts) -> Outcome {
    Outcome::none(
        facts.containers.iter().filter_map(unstable).collect(),
        facts.containers.len(),
        "containers",
    )
}

fn unstable(container: &Container) -> Option<String> {
    if container.state.oom_killed {
        return Some(format!("{}: killed, out of memory", container.name));
    }
    (container.state.restart_count > 0).then(|| {
        format!("{}: the engine restarted it {} times", container.name, container.state.restart_count)
    })
}

fn logs_rotate(facts: &Facts) -> Outcome {
    Outcome::none(
        facts.containers.iter().filter_map(log_grows).collect(),
        facts.containers.len(),
        "containers",
    )
}

/// The most that a container's log files may take.
const LOG_LIMIT: u64 = 100 << 20;

fn log_grows(container: &Container) -> Option<String> {
    match container.host.log.driver.as_str() {
        "json-file" | "local" => {}
        // Others hand lines on and keep no file here.
        _ => return None,
    }
    let size = container.host.log.options.get("max-size").and_then(|size| bytes(size));
    let files = container.host.log.options.get("max-file").and_then(|files| files.parse::<u64>().ok());
    match (size, files) {
        // `local` rotates of its own accord: 5 files of 20 MB.
        (None, None) if container.host.log.driver == "local" => None,
        (Some(size), files) if size.saturating_mul(files.unwrap_or(1)) <= LOG_LIMIT => None,
        (Some(size), files) => Some(format!(
            "{}: logs may grow to {} MB",
            container.name,
            size.saturating_mul(files.unwrap_or(1)) >> 20
        )),
        (None, _) => Some(format!("{}: logs grow without limit", container.name)),
    }
}

/// A size as the engine writes it: `10m`, `1g`, `512k`, plain bytes.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.trim_end_matches('b').trim_end_matches('i');
    let (number, shift) = match text.chars().last()? {
        'k' => (&text[..text.len() - 1], 10),
        'm' => (&text[..text.len() - 1], 20),
        'g' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    Some((number.parse::<f64>().ok()? * (1_u64 << shift) as f64) as u64)
}

fn images_pinned(facts: &Facts) -> Outcome {
    let problems = facts
        .containers
        .iter()
        .filter(|c| !is_pinned(&c.image))
        .map(|c| format!("{}: image `{}` is not pinned", c.name, c.image))
        .collect();
    Outcome::none(problems, facts.containers.len(), "images pinned")
}

fn is_pinned(image: &str) -> bool {
    if image.contains("@sha256:") {
        return true;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_some_and(|(_, tag)| !tag.is_empty() && tag != "latest")
}

fn no_orphans(facts: &Facts) -> Outcome {
    let services = &facts.settings.config.services;
    let problems = facts
        .containers
        .iter()
        .filter(|c| !services.contains_key(c.service()))
        .map(|c| format!("{}: there is no service `{}`", c.name, c.service()))
        .collect();
    Outcome::none(problems, facts.containers.len(), "containers")
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::engine::{Health, LogDriver, Probe, State};

    fn with(change: impl FnOnce(&mut Container)) -> Container {
        let health = Some(Health { status: "healthy".into(), ..Health::default() });
        let state = State { running: true, health, ..State::default() };
        let mut container = Container { name: "x-1".into(), state, ..Container::default() };
        change(&mut container);
        container
    }

    fn up() -> Container {
        with(|_| ())
    }

    fn service(text: &str) -> Service {
        serde_yaml::from_str(text).unwrap()
    }

    #[test]
    fn a_stopped_a_missing_and_a_looping_container_are_seen() {
        let one = service("{image: 'a:1'}");
        assert_eq!(not_running("x", &one, &[&up()]), None);
        assert!(not_running("x", &one, &[]).unwrap().contains("no container"));
        let stopped = with(|c| (c.state.running, c.state.exit_code) = (false, 137));
        assert!(not_running("x", &one, &[&stopped]).unwrap().contains("exit code 137"));
        let looping = with(|c| c.state.status = "restarting".into());
        assert!(not_running("x", &one, &[&looping]).unwrap().contains("over and over"));
        let two = service("{image: 'a:1', replicas: 2}");
        assert!(not_running("x", &two, &[&up()]).unwrap().contains("1 of 2"));
    }

    #[test]
    fn an_ended_job_is_fine_unless_it_failed() {
        let job = service("{image: 'a:1', role: job}");
        assert_eq!(not_running("x", &job, &[&with(|c| c.state.running = false)]), None);
        let failed = with(|c| (c.state.running, c.state.exit_code) = (false, 3));
        assert!(not_running("x", &job, &[&failed]).is_some());
    }

    #[test]
    fn failed_probes_crashes_and_endless_logs_are_seen() {
        assert_eq!(unhealthy(&up()), None);
        let log = vec![Probe { exit_code: 1, output: "boom\n".into() }];
        let sick = with(|c| {
            c.state.health = Some(Health { status: "unhealthy".into(), failing_streak: 4, log });
        });
        assert!(unhealthy(&sick).unwrap().ends_with(": boom"));
        assert!(unhealthy(&with(|c| c.state.health = None)).is_some());
        assert_eq!(unstable(&up()), None);
        assert!(unstable(&with(|c| c.state.oom_killed = true)).is_some());
        assert!(unstable(&with(|c| c.state.restart_count = 2)).is_some());
        let log = |options: &[(&str, &str)]| {
            let options = options.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            with(|c| c.host.log = LogDriver { driver: "json-file".into(), options })
        };
        assert_eq!(log_grows(&log(&[("max-size", "10m"), ("max-file", "3")])), None);
        assert!(log_grows(&log(&[("max-size", "1g"), ("max-file", "3")])).is_some());
        assert!(log_grows(&log(&[])).is_some());
    }

    #[test]
    fn latest_and_untagged_images_are_not_pinned() {
        assert!(is_pinned("host:5000/a/b:1.2"));
        assert!(is_pinned("a@sha256:00"));
        assert!(!is_pinned("host:5000/a/b"));
        assert!(!is_pinned("a:latest"));
    }
}
