//! Does the twin share anything with what else runs on this machine, or with the production it was derived from?

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::engine::Container;
use crate::report::Severity;
use crate::twin::{credential, path};
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

pub const CHECKS: &[Check] = &[
    Check {
        id: "INF-018",
        title: "the running twin shares nothing with another project",
        severity: Severity::Blocker,
        quick: true,
        needs: &[Need::Engine],
        timeout: Duration::from_secs(20),
        expected: "no network, volume, writable folder, credential or host namespace of the twin's containers is another \
                   project's, but for what compose.production.share allows",
        remedy: "`docker network disconnect`, a volume and a folder of the twin's own, `stagectl init --from … --force`",
        run: |facts| Box::pin(apart(facts)),
        ..Check::base(Category::Infrastructure)
    },
    Check {
        id: "INF-019",
        title: "the twin's compose file shares nothing with production's",
        severity: Severity::Blocker,
        quick: true,
        expected: "no port, name, network, subnet, volume, mount, image, credential or address stands in both files",
        remedy: "`stagectl init --from … --force` derives the twin anew; compose.production.share names what may be shared",
        run: |facts| Box::pin(async { files_apart(facts) }),
        ..Check::base(Category::Infrastructure)
    },
];

async fn apart(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let ids = match engine.all_containers().await {
        Ok(all) => all.into_iter().map(|container| container.id),
        Err(error) => return Outcome::error(format!("{error:#}")),
    };
    let project = &facts.settings.config.project;
    let all = match engine.inspect_all(ids).await {
        Ok(all) => all,
        Err(error) => return Outcome::error(format!("{error:#}")),
    };
    let (own, others): (Vec<Container>, Vec<Container>) =
        all.into_iter().partition(|container| container.project() == project);
    if own.is_empty() {
        return Outcome::skip("nothing of the twin runs");
    }
    let permits = permits(facts);
    let problems: Vec<String> = own.iter().flat_map(|one| touched(one, &others, &permits)).collect();
    Outcome::none(problems, own.len(), "containers that share nothing")
}

fn permits(facts: &Facts) -> BTreeSet<String> {
    let compose = facts.settings.config.compose.as_ref();
    let production = compose.and_then(|compose| compose.production.as_ref());
    production.map(|production| production.share.iter().cloned().collect()).unwrap_or_default()
}

/// What a container shares with others or with the host, without what is allowed.
fn touched(own: &Container, others: &[Container], permits: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |permit: String, words: String| {
        if !permits.contains(&permit) {
            found.push(format!("{} {words}", own.name));
        }
    };
    let host = &own.host;
    for (mode, what) in
        [(&host.network_mode, "network"), (&host.pid_mode, "processes"), (&host.ipc_mode, "memory")]
    {
        if mode == "host" {
            say(format!("host:{}", own.service()), format!("has the host's {what}"));
        }
    }
    if host.privileged {
        say(format!("host:{}", own.service()), "is privileged".to_owned());
    }
    let secrets = credentials(own);
    for other in others {
        for (name, endpoint) in &own.networks {
            let same = |theirs: &crate::engine::Endpoint| {
                !endpoint.network_id.is_empty() && theirs.network_id == endpoint.network_id
            };
            if other.networks.values().any(same) {
                say(format!("network:{name}"), format!("is in the network {name} with {}", other.name));
            }
        }
        for mount in &own.mounts {
            for theirs in &other.mounts {
                if mount.kind == "volume" && theirs.kind == "volume" && mount.name == theirs.name {
                    say(
                        format!("volume:{}", mount.name),
                        format!("has the volume {} with {}", mount.name, other.name),
                    );
                } else if mount.kind == "bind" && theirs.kind == "bind" && (mount.writable || theirs.writable)
                {
                    let (source, their) = (Path::new(&mount.source), Path::new(&theirs.source));
                    if path::overlap(source, their) && !path::is_common(source) {
                        let words =
                            format!("has {} with {}, and one of them writes", mount.source, other.name);
                        say(format!("mount:{}", mount.source), words);
                    }
                }
            }
        }
        for (name, value) in credentials(other) {
            if let Some((own_name, _)) = secrets.iter().find(|(_, own)| *own == value) {
                let words = format!("has in {own_name} the credential that {} has in {name}", other.name);
                say(format!("credential:{own_name}"), words);
            }
        }
    }
    found
}

/// The credentials of a container's environment that are long enough not to be equal by chance.
fn credentials(container: &Container) -> Vec<(&str, &str)> {
    let variables = container.env.iter().filter_map(|line| line.split_once('='));
    variables.filter(|(name, value)| value.len() >= 8 && credential::is_credential(name, value)).collect()
}

fn files_apart(facts: &Facts) -> Outcome {
    match facts.settings.shared_with_production() {
        Err(error) => Outcome::error(format!("{error:#}")),
        Ok(None) => Outcome::skip("stagectl.yml names no compose file of production that is here"),
        Ok(Some(shared)) => {
            let problems: Vec<String> =
                shared.iter().map(|one| format!("{} {} is in {}", one.kind, one.what, one.twin)).collect();
            Outcome::none(problems, 1, "compose file that shares nothing")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Endpoint, Mount};

    fn container(name: &str) -> Container {
        let endpoint = Endpoint { network_id: format!("{name}-net"), ..Endpoint::default() };
        Container {
            name: name.to_owned(),
            env: vec![format!("DB_PASSWORD=password-of-{name}"), "MODE=production".to_owned()],
            networks: [(format!("{name}_default"), endpoint)].into(),
            mounts: vec![
                Mount {
                    kind: "volume".into(),
                    name: format!("{name}_data"),
                    writable: true,
                    ..Mount::default()
                },
                Mount {
                    kind: "bind".into(),
                    source: format!("/srv/{name}"),
                    writable: true,
                    ..Mount::default()
                },
            ],
            ..Container::default()
        }
    }

    type Fault = fn(&mut Container);

    #[test]
    fn each_thing_that_two_containers_share_is_named_and_may_be_allowed() {
        let nothing = BTreeSet::new();
        let twin = container("twin");
        let production = container("production");
        assert_eq!(touched(&twin, std::slice::from_ref(&production), &nothing), Vec::<String>::new());

        let faults: [(&str, &str, Fault); 5] = [
            ("the network", "network:twin_default", |c| {
                let endpoint = Endpoint { network_id: "twin-net".into(), ..Endpoint::default() };
                drop(c.networks.insert("x".into(), endpoint));
            }),
            ("the volume", "volume:twin_data", |c| c.mounts[0].name = "twin_data".into()),
            ("has /srv/twin", "mount:/srv/twin", |c| c.mounts[1].source = "/srv/twin/inside".into()),
            ("the credential", "credential:DB_PASSWORD", |c| c.env[0] = "X_TOKEN=password-of-twin".into()),
            ("has /srv/twin", "mount:/srv/twin", |c| c.mounts[1].source = "/srv".into()),
        ];
        for (words, permit, plant) in faults {
            let mut other = production.clone();
            plant(&mut other);
            let found = touched(&twin, &[other.clone()], &nothing);
            assert!(found.len() == 1 && found[0].contains(words), "{words}: {found:?}");
            assert!(!found[0].contains("password-of"), "no value is shown: {found:?}");
            assert_eq!(touched(&twin, &[other], &[permit.to_owned()].into()), Vec::<String>::new());
        }
        let mut reaching = twin.clone();
        reaching.host.pid_mode = "host".to_owned();
        assert_eq!(touched(&reaching, &[], &nothing).len(), 1);
    }
}
