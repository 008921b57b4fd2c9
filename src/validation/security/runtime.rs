//! What the running containers may do to each other and to their host.

use futures_util::future::join_all;

use crate::config::services::Service;
use crate::engine::Container;
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { needs: &[Need::Engine], quick: true, ..Check::base(Category::Security) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "SEC-011",
        title: "no container runs as root",
        severity: Severity::Blocker,
        expected: "a user other than 0 in the container's config, and no process of user 0",
        remedy: "set `services.*.user` in stagectl.yml, then `stagectl up`",
        run: |facts| Box::pin(no_root(facts)),
        ..BASE
    },
    Check {
        id: "SEC-012",
        title: "containers have no capabilities and cannot gain any",
        expected: "cap_drop ALL, only the declared cap_add, no-new-privileges, seccomp and AppArmor not switched off",
        remedy: "`stagectl up` recreates the container confined; remove `cap_add` where nothing needs it",
        run: |facts| Box::pin(async { every(facts, "containers confined", unconfined) }),
        ..BASE
    },
    Check {
        id: "SEC-013",
        title: "no container reaches into its host",
        severity: Severity::Blocker,
        expected: "not privileged, no namespace of the host, no engine socket, no system folder mounted",
        remedy: "remove the mount or the mode from the service; the twin never needs it",
        run: |facts| Box::pin(async { every(facts, "containers apart from the host", |c, _| into_host(c)) }),
        ..BASE
    },
    Check {
        id: "SEC-014",
        title: "memory, processors and processes are bounded",
        expected: "a limit for each, as `services.*.limits` says",
        remedy: "`stagectl up` sets the limits of stagectl.yml",
        run: |facts| Box::pin(async { every(facts, "containers bounded", |c, _| unbounded(c)) }),
        ..BASE
    },
    Check {
        id: "SEC-015",
        title: "root file systems are read-only",
        expected: "read-only, but for services with `read_only: false` in stagectl.yml",
        remedy: "`stagectl up`; give the service a tmpfs or a volume where it writes",
        run: |facts| Box::pin(async { every(facts, "containers read-only as declared", writable_root) }),
        ..BASE
    },
];

/// Judges every running container by itself and its declaration.
fn every(facts: &Facts, things: &str, judge: fn(&Container, Option<&Service>) -> Vec<String>) -> Outcome {
    let running: Vec<&Container> = facts.running().collect();
    let problems = running
        .iter()
        .flat_map(|container| {
            let service = facts.settings.config.services.get(container.service());
            judge(container, service).into_iter().map(|problem| format!("{}: {problem}", container.name))
        })
        .collect();
    Outcome::none(problems, running.len(), things)
}

async fn no_root(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let running: Vec<&Container> = facts.running().collect();
    let asked = running.iter().map(|container| async move {
        let users = engine.process_users(&container.id).await;
        match users {
            Ok(users) => {
                root(&container.user, &users).map(|problem| format!("{}: {problem}", container.name))
            }
            Err(error) => Some(format!("{}: {error:#}", container.name)),
        }
    });
    let problems = join_all(asked).await.into_iter().flatten().collect();
    Outcome::none(problems, running.len(), "containers without root")
}

/// `user` as the config has it; `processes` are the user ids of all processes.
fn root(user: &str, processes: &[u32]) -> Option<String> {
    if processes.contains(&0) {
        return Some("a process runs as root".to_owned());
    }
    if processes.is_empty() {
        return Some("its processes cannot be seen".to_owned());
    }
    let name = user.split(':').next().unwrap_or_default();
    match name {
        "" => Some("no user is set; the image decides".to_owned()),
        "0" | "root" => Some(format!("its user is {name}")),
        _ => None,
    }
}

fn unconfined(container: &Container, service: Option<&Service>) -> Vec<String> {
    let host = &container.host;
    let capability = |name: &str| name.to_ascii_uppercase().trim_start_matches("CAP_").to_owned();
    let mut found = Vec::new();
    if !host.cap_drop.iter().any(|name| capability(name) == "ALL") {
        found.push("capabilities are not dropped".to_owned());
    }
    let declared: Vec<String> = service
        .map(|service| service.cap_add.iter().map(|name| capability(name)).collect())
        .unwrap_or_default();
    for added in host.cap_add.iter().map(|name| capability(name)) {
        if !declared.contains(&added) {
            found.push(format!("capability {added} is added and not declared"));
        }
    }
    let options = &host.security_opt;
    if !options.iter().any(|option| {
        matches!(option.as_str(), "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true")
    }) {
        found.push("no-new-privileges is not set".to_owned());
    }
    let off = |option: &&String| option.ends_with("unconfined") || option.as_str() == "label=disable";
    found.extend(options.iter().filter(off).map(|option| format!("{option} switches a protection off")));
    found
}

/// Folders whose content is the host's.
const SENSITIVE: [&str; 11] =
    ["/", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sys", "/usr", "/var/lib/docker"];

fn into_host(container: &Container) -> Vec<String> {
    let host = &container.host;
    let mut found = Vec::new();
    if host.privileged {
        found.push("it is privileged".to_owned());
    }
    for (what, mode) in
        [("network", &host.network_mode), ("process", &host.pid_mode), ("IPC", &host.ipc_mode)]
    {
        if mode == "host" {
            found.push(format!("it shares the host's {what} namespace"));
        }
    }
    for mount in container.mounts.iter().filter(|mount| mount.kind == "bind") {
        let source = mount.source.trim_end_matches('/');
        let source = if source.is_empty() { "/" } else { source };
        if source.ends_with("docker.sock") || source.ends_with("containerd.sock") {
            found.push(format!("it holds the engine's socket at {}", mount.target));
        } else if SENSITIVE.contains(&source) {
            found.push(format!("the host's {source} is mounted at {}", mount.target));
        }
    }
    found
}

fn unbounded(container: &Container) -> Vec<String> {
    let host = &container.host;
    [("memory", host.memory), ("processors", host.nano_cpus), ("processes", host.pids_limit)]
        .into_iter()
        .filter(|(_, limit)| *limit <= 0)
        .map(|(what, _)| format!("{what} without a limit"))
        .collect()
}

fn writable_root(container: &Container, service: Option<&Service>) -> Vec<String> {
    let declared_writable = service.is_some_and(|service| !service.read_only);
    let writable = !container.host.read_only && !declared_writable;
    writable.then(|| "its root file system is writable".to_owned()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Mount;

    fn confined() -> Container {
        let mut container = Container { name: "x".into(), user: "10:10".into(), ..Container::default() };
        let host = &mut container.host;
        host.cap_drop = vec!["ALL".into()];
        host.security_opt = vec!["no-new-privileges:true".into()];
        host.read_only = true;
        (host.memory, host.nano_cpus, host.pids_limit) = (1, 1, 1);
        container
    }

    fn with(fault: impl FnOnce(&mut Container)) -> Container {
        let mut container = confined();
        fault(&mut container);
        container
    }

    #[test]
    fn root_is_seen_by_config_and_by_process() {
        assert_eq!(root("10:10", &[10, 10]), None);
        assert!(root("10:10", &[10, 0]).is_some());
        for user in ["", "0:0", "root"] {
            assert!(root(user, &[10]).is_some(), "{user}");
        }
        assert!(root("10", &[]).is_some());
    }

    #[test]
    fn each_way_out_of_confinement_is_seen() {
        assert!(unconfined(&confined(), None).is_empty());
        let added = with(|c| c.host.cap_add = vec!["CAP_NET_ADMIN".into()]);
        assert_eq!(unconfined(&added, None).len(), 1);
        let declared: Service = serde_yaml::from_str("{image: 'a:1', cap_add: [NET_ADMIN]}").unwrap();
        assert!(unconfined(&added, Some(&declared)).is_empty());
        assert_eq!(unconfined(&with(|c| c.host.cap_drop.clear()), None).len(), 1);
        assert_eq!(unconfined(&with(|c| c.host.security_opt.clear()), None).len(), 1);
        assert_eq!(
            unconfined(&with(|c| c.host.security_opt.push("seccomp=unconfined".into())), None).len(),
            1
        );
    }

    #[test]
    fn each_reach_into_the_host_is_seen() {
        assert!(into_host(&confined()).is_empty());
        let bind = |source: &str| {
            let mount = Mount { kind: "bind".into(), source: source.into(), ..Mount::default() };
            into_host(&with(|c| c.mounts.push(mount))).len()
        };
        assert_eq!(bind("/home/me/twin/nginx"), 0);
        for source in ["/", "/etc/", "/run/docker.sock", "/var/run/docker.sock", "/proc"] {
            assert_eq!(bind(source), 1, "{source}");
        }
        assert_eq!(into_host(&with(|c| c.host.privileged = true)).len(), 1);
        assert_eq!(into_host(&with(|c| c.host.network_mode = "host".into())).len(), 1);
        assert_eq!(into_host(&with(|c| c.host.pid_mode = "host".into())).len(), 1);
    }

    #[test]
    fn a_missing_limit_and_a_writable_root_are_seen() {
        assert!(unbounded(&confined()).is_empty());
        assert_eq!(unbounded(&with(|c| c.host.memory = 0)), ["memory without a limit"]);
        assert_eq!(unbounded(&with(|c| (c.host.nano_cpus, c.host.pids_limit) = (0, -1))).len(), 2);
        let writable = with(|c| c.host.read_only = false);
        assert_eq!(writable_root(&writable, None).len(), 1);
        let declared: Service = serde_yaml::from_str("{image: 'a:1', read_only: false}").unwrap();
        assert!(writable_root(&writable, Some(&declared)).is_empty());
    }
}
