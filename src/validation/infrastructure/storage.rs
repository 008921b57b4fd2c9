//! Are the volumes there, writable by who uses them, and not full?

use futures_util::future::join_all;

use crate::engine::{Container, Engine, Mount};
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { needs: &[Need::Engine], quick: true, ..Check::base(Category::Infrastructure) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "INF-007",
        title: "volumes are mounted as declared and writable",
        severity: Severity::Blocker,
        expected: "each declared volume is mounted at its target; its container's user can write where it may",
        remedy: "`stagectl up`; for a wrong owner, `chown` the volume's files to the service's `user`",
        run: |facts| Box::pin(mounted(facts)),
        ..BASE
    },
    Check {
        id: "INF-008",
        title: "volumes have free space",
        expected: "more than 15 % of the blocks and of the inodes free on each volume's file system",
        remedy: "free space on the engine's disk (`docker system df`), or move the volume",
        run: |facts| Box::pin(free_space(facts)),
        ..BASE
    },
];

const FREE_PERCENT: u64 = 15;

async fn mounted(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let mut problems = Vec::new();
    let mut checked = 0;
    for container in facts.running() {
        let Some(service) = facts.settings.config.services.get(container.service()) else { continue };
        checked += service.volumes.len();
        problems.extend(service.volumes.iter().filter_map(|text| not_mounted(container, text)));
    }
    if checked == 0 {
        return Outcome::skip("no running service declares a volume");
    }
    let written = join_all(
        facts
            .running()
            .flat_map(|c| c.mounts.iter().filter(|m| is_data(m)).map(move |m| probe(engine, c, m))),
    );
    problems.extend(written.await.into_iter().flatten());
    Outcome::none(problems, checked, "volumes mounted")
}

/// Mounts that a container keeps data in.
fn is_data(mount: &Mount) -> bool {
    mount.writable && mount.kind != "tmpfs" && !mount.target.ends_with(".sock")
}

fn not_mounted(container: &Container, declared: &str) -> Option<String> {
    let mut parts = declared.split(':');
    let (source, target, mode) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
    let Some(mount) = container.mounts.iter().find(|m| m.target == target.trim_end_matches('/')) else {
        return Some(format!("{}: `{source}` is not mounted at {target}", container.name));
    };
    let is_path = source.starts_with(['.', '/', '~']);
    if is_path != (mount.kind == "bind") {
        return Some(format!("{}: {target} is a {}, not `{source}`", container.name, mount.kind));
    }
    let read_only = mode.split(',').any(|word| word == "ro");
    (read_only == mount.writable).then(|| {
        let state = if mount.writable { "writable" } else { "read-only" };
        format!("{}: {target} is {state}, unlike `{declared}`", container.name)
    })
}

/// Whether the container's own user may write there; nothing is written.
async fn probe(engine: &Engine, container: &Container, mount: &Mount) -> Option<String> {
    let answer = engine.exec(&container.id, &["test", "-w", &mount.target]).await;
    match answer {
        // 126 and 127: the image has no `test`; that says nothing about the volume.
        Ok(output) if matches!(output.code, 0 | 126 | 127) => None,
        Ok(_) => Some(format!("{}: its user cannot write to {}", container.name, mount.target)),
        Err(error) => Some(format!("{}: {error:#}", container.name)),
    }
}

async fn free_space(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let asked = join_all(
        facts
            .running()
            .flat_map(|c| c.mounts.iter().filter(|m| m.kind == "volume").map(move |m| usage(engine, c, m))),
    )
    .await;
    let known: Vec<Usage> = asked.into_iter().flatten().collect();
    if known.is_empty() {
        return Outcome::skip("no running container with a volume can tell");
    }
    Outcome::none(known.iter().filter_map(full).collect(), known.len(), "volumes have space")
}

/// Percentages in use.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Usage {
    place: String,
    blocks: u64,
    inodes: u64,
}

async fn usage(engine: &Engine, container: &Container, mount: &Mount) -> Option<Usage> {
    let blocks = engine.exec(&container.id, &["df", "-P", &mount.target]).await.ok()?;
    let inodes = engine.exec(&container.id, &["df", "-P", "-i", &mount.target]).await.ok()?;
    Some(Usage {
        place: format!("{} {}", container.name, mount.target),
        blocks: percent(&blocks.stdout)?,
        // Some file systems count no inodes.
        inodes: percent(&inodes.stdout).unwrap_or(0),
    })
}

/// The `Use%` of `df -P`.
fn percent(output: &str) -> Option<u64> {
    output.lines().nth(1)?.split_whitespace().find_map(|word| word.strip_suffix('%'))?.parse().ok()
}

fn full(usage: &Usage) -> Option<String> {
    let used = usage.blocks.max(usage.inodes);
    let what = if usage.inodes > usage.blocks { "inodes" } else { "blocks" };
    (used > 100 - FREE_PERCENT).then(|| format!("{}: {used} % of its {what} are used", usage.place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_elsewhere_missing_or_writable_against_the_declaration_is_seen() {
        let mount = |target: &str, kind: &str, writable| Mount {
            target: target.into(),
            kind: kind.into(),
            writable,
            ..Mount::default()
        };
        let with = |mounts| Container { name: "x".into(), mounts, ..Container::default() };
        let fine = with(vec![mount("/data", "volume", true), mount("/etc/a", "bind", false)]);
        assert_eq!(not_mounted(&fine, "data:/data"), None);
        assert_eq!(not_mounted(&fine, "./a:/etc/a:ro"), None);
        assert!(not_mounted(&fine, "other:/other").is_some());
        assert!(not_mounted(&fine, "./data:/data").is_some());
        assert!(not_mounted(&with(vec![mount("/etc/a", "bind", true)]), "./a:/etc/a:ro").is_some());
    }

    #[test]
    fn a_full_file_system_is_seen() {
        let df = "Filesystem 1024-blocks Used Available Capacity Mount on\n/dev/x 100 91 9 91% /data\n";
        assert_eq!(percent(df), Some(91));
        assert_eq!(percent("nonsense"), None);
        assert!(full(&Usage { blocks: 91, ..Usage::default() }).is_some());
        assert!(full(&Usage { inodes: 99, ..Usage::default() }).unwrap().contains("inodes"));
        assert_eq!(full(&Usage { blocks: 85, ..Usage::default() }), None);
    }
}
