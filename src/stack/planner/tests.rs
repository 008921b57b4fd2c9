//! Plans as text, and the property that the plan of an applied plan is empty.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::compose::load::Request;
use crate::compose::typed::{Selection, select};
use crate::engine::{Container, Endpoint, Health, Host, ImageInfo, Mount, Network, Published, State, Volume};
use crate::stack::labels;
use crate::stack::plan::Step;
use crate::stack::specify::shares;

const FILE: &str = "\
name: p
services:
  db:
    image: postgres
    ports: ['127.0.0.1:5432:5432']
    healthcheck: {test: [CMD, 'true']}
    networks: [data]
    volumes: ['data:/data']
  migrate: {image: tool, restart: 'no', networks: [data], depends_on: {db: {condition: service_healthy}}}
  app:
    image: app
    networks: [data, front]
    depends_on: {migrate: {condition: service_completed_successfully}, db: {condition: service_started}}
  proxy:
    image: nginx
    ports: ['127.0.0.1:8080:80']
    networks: [front]
    depends_on: {app: {condition: service_started, restart: true}}
networks: {data: {internal: true}, front: }
volumes: {data: {name: shared_data}}
";

fn project(text: &str) -> Project {
    let file = Path::new("/srv/p/docker-compose.staging.yml");
    let request = Request {
        files: vec![file.to_owned()],
        directory: "/srv/p".into(),
        profiles: ["*".to_owned()].into(),
        ..Request::default()
    };
    Project::load(&request, &mut |path| Ok((path == file).then(|| text.to_owned()))).unwrap()
}

fn dialect() -> Dialect {
    Dialect::of(Some("2.40.3"))
}

/// An engine that has the images and nothing else.
fn empty(project: &Project) -> Observed {
    let image = |name: &str| ImageInfo { id: format!("sha256:{name}"), ..ImageInfo::default() };
    Observed {
        images: project
            .services
            .iter()
            .map(|(name, service)| specify::image(project, name, service))
            .map(|reference| (reference.clone(), Some(image(&reference))))
            .collect(),
        ..Observed::default()
    }
}

fn plan(project: &Project, observed: &Observed) -> Result<Plan, Failure> {
    let selected = select(project, &Selection { all: true, ..Selection::default() })?;
    up(project, &selected, observed, &dialect())
}

/// The engine after the plan: what each call would have done.
fn applied(observed: &Observed, plan: &Plan) -> Observed {
    let mut after = observed.clone();
    for Step { action, .. } in &plan.steps {
        match action {
            Action::CreateNetwork { spec } => after.networks.push(Network {
                id: format!("id of {}", spec.name),
                name: spec.name.clone(),
                labels: spec.labels.clone(),
                ..Network::default()
            }),
            Action::CreateVolume { spec } => after.volumes.push(Volume {
                name: spec.name.clone(),
                labels: spec.labels.clone(),
                ..Volume::default()
            }),
            Action::SetAside { id, aside, .. } => {
                if let Some(container) = after.containers.iter_mut().find(|c| &c.id == id) {
                    container.name.clone_from(aside);
                }
            }
            Action::CreateContainer { spec, pending } => {
                let mut spec = spec.clone();
                if let Some(pending) = pending {
                    let mut ids = pending.ids.clone();
                    for (service, name) in &pending.made {
                        let parent = after.containers.iter().find(|c| &c.name == name).unwrap();
                        ids.insert(service.clone(), parent.id.clone());
                    }
                    shares::resolve(&mut spec, &pending.canonical, &ids, &pending.dialect);
                }
                after.containers.push(Container {
                    id: format!("{} {}", spec.name, spec.labels[labels::CONFIG_HASH]),
                    name: spec.name.clone(),
                    labels: spec.labels.clone(),
                    mounts: spec
                        .binds
                        .iter()
                        .map(|bind| Mount {
                            name: bind.split(':').next().unwrap_or_default().to_owned(),
                            ..Mount::default()
                        })
                        .collect(),
                    networks: spec
                        .networks
                        .iter()
                        .map(|e| {
                            (
                                e.network.clone(),
                                Endpoint {
                                    network_id: format!("id of {}", e.network),
                                    ..Endpoint::default()
                                },
                            )
                        })
                        .collect(),
                    state: State { status: "created".into(), ..State::default() },
                    host: Host {
                        wanted_ports: spec
                            .ports
                            .iter()
                            .map(|p| Published {
                                container_port: p.container_port,
                                protocol: p.protocol.clone(),
                                address: p.address.clone(),
                                host_port: p.host_port.parse().unwrap_or_default(),
                            })
                            .collect(),
                        restart: spec.restart.clone(),
                        ..Host::default()
                    },
                    ..Container::default()
                });
            }
            Action::Stop { id, .. } => set_state(&mut after, |c| &c.id == id, "exited"),
            Action::Start { name } => set_state(&mut after, |c| &c.name == name, "running"),
            Action::Wait { name, until: Until::Completed } => {
                set_state(&mut after, |c| &c.name == name, "exited");
            }
            Action::Wait { name, until: Until::Ready } => {
                for container in after.containers.iter_mut().filter(|c| &c.name == name) {
                    container.state.health = Some(Health { status: "healthy".into(), ..Health::default() });
                }
            }
            Action::Remove { id, .. } => after.containers.retain(|c| &c.id != id),
            Action::PullImage { .. } | Action::BuildImage { .. } => {
                after.images.insert(
                    action.object().to_owned(),
                    Some(ImageInfo { id: "sha256:pulled".into(), ..ImageInfo::default() }),
                );
            }
            Action::RemoveNetwork { .. } | Action::RemoveVolume { .. } => {}
        }
    }
    after
}

fn set_state(observed: &mut Observed, which: impl Fn(&Container) -> bool, status: &str) {
    for container in observed.containers.iter_mut().filter(|c| which(c)) {
        container.state = State {
            status: status.to_owned(),
            running: status == "running",
            started_at: "2026-11-21T00:00:00Z".into(),
            ..State::default()
        };
    }
}

#[test]
fn from_nothing_everything_is_made_and_started_along_the_dependencies() {
    let project = project(FILE);
    insta::assert_snapshot!(plan(&project, &empty(&project)).unwrap().text(), @r"
    create network       p_data       it does not exist
    create network       p_front      it does not exist
    create volume        shared_data  it does not exist
    create container     p-db-1       it does not exist
    start                p-db-1
    wait for ready       p-db-1
    create container     p-migrate-1  it does not exist
    start                p-migrate-1
    wait for the end of  p-migrate-1
    create container     p-app-1      it does not exist
    start                p-app-1
    wait for ready       p-app-1
    create container     p-proxy-1    it does not exist
    start                p-proxy-1
    wait for ready       p-proxy-1
    ");
}

#[test]
fn nothing_is_to_be_done_after_everything_was_done() {
    let project = project(FILE);
    let observed = applied(&empty(&project), &plan(&project, &empty(&project)).unwrap());
    assert_eq!(plan(&project, &observed).unwrap().text(), "");
}

#[test]
fn a_changed_service_is_replaced_and_the_old_one_kept_until_the_end() {
    let before = project(FILE);
    let observed = applied(&empty(&before), &plan(&before, &empty(&before)).unwrap());
    let after = project(&FILE.replace("image: app\n", "image: app\n    environment: {A: b}\n"));
    let plan = plan(&after, &observed).unwrap();
    insta::assert_snapshot!(plan.text(), @r"
    set aside         p-app-1    its configuration changed
    create container  p-app-1    its configuration changed
    stop              p-app-1    its replacement is made
    start             p-app-1
    wait for ready    p-app-1
    stop              p-proxy-1  app comes up anew, and it asks to go along
    start             p-proxy-1
    wait for ready    p-proxy-1
    remove container  p-app-1    it is replaced
    ");
    let last = plan.steps.last().unwrap();
    assert!(matches!(last.action, Action::Remove { .. }) && last.after.len() == plan.steps.len() - 1);
}

#[test]
fn a_new_image_a_stopped_container_and_fewer_replicas_are_seen() {
    let before = project(&FILE.replace("image: app\n", "image: app\n    scale: 2\n"));
    let mut observed = applied(&empty(&before), &plan(&before, &empty(&before)).unwrap());
    observed
        .images
        .insert("nginx".into(), Some(ImageInfo { id: "sha256:newer".into(), ..ImageInfo::default() }));
    set_state(&mut observed, |c| c.name == "p-db-1", "exited");
    let mut orphan = observed.containers[0].clone();
    orphan.labels.insert(labels::SERVICE.into(), "gone".into());
    (orphan.id, orphan.name) = ("orphan".into(), "p-gone-1".into());
    observed.containers.push(orphan);
    let plan = plan(&project(FILE), &observed).unwrap();
    insta::assert_snapshot!(plan.text(), @r"
    start             p-db-1     it is exited
    wait for ready    p-db-1
    set aside         p-proxy-1  its image changed
    create container  p-proxy-1  its image changed
    stop              p-proxy-1  its replacement is made
    start             p-proxy-1
    wait for ready    p-proxy-1
    remove container  p-app-2    1 of app are wanted
    remove container  p-proxy-1  it is replaced
    ");
    assert_eq!(plan.warnings.len(), 1, "{:?}", plan.warnings);
}

#[test]
fn what_belongs_to_others_is_refused() {
    let project = project(FILE);
    let mut observed = empty(&project);
    observed.volumes.push(Volume { name: "shared_data".into(), ..Volume::default() });
    assert!(plan(&project, &observed).unwrap_err().message.contains("the volume shared_data exists"));

    let mut observed = empty(&project);
    let labels = BTreeMap::from([(labels::PROJECT.to_owned(), "other".to_owned())]);
    observed.networks.push(Network { name: "p_data".into(), labels, ..Network::default() });
    assert!(plan(&project, &observed).unwrap_err().message.contains("belongs to the project other"));
}

#[test]
fn a_container_is_made_anew_when_the_one_it_shares_with_is_and_when_a_file_of_it_changed() {
    let text = "name: p\nservices:\n  a: {image: i}\n  b: {image: i, network_mode: 'service:a', volumes: ['./f:/f:ro']}\n";
    let with = |project: &Project, content: &str| Observed {
        files: [("/srv/p/f".to_owned(), content.as_bytes().to_vec())].into_iter().collect(),
        ..empty(project)
    };
    let first = project(text);
    let mut observed = applied(&with(&first, "1"), &plan(&first, &with(&first, "1")).unwrap());
    assert!(plan(&first, &observed).unwrap().is_empty());
    let shares =
        plan(&project(&text.replace("image: i}", "image: i, user: '1'}")), &observed).unwrap().text();
    assert!(shares.contains("it shares with a, which is made anew"), "{shares}");
    observed.files = with(&first, "2").files;
    let file = plan(&first, &observed).unwrap().text();
    assert!(file.contains("the file behind /f changed") && !file.contains("p-a-1"), "{file}");
    // One that docker compose made has no digests: nothing is known, and nothing is done.
    for container in &mut observed.containers {
        container.labels.remove(labels::FILES);
    }
    assert!(plan(&first, &observed).unwrap().is_empty());
}

#[test]
fn an_image_that_is_not_there_is_built_before_its_container_is_made() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::File::create(folder.path().join("Dockerfile")).unwrap();
    let context = folder.path().display();
    let project = project(&format!("name: p\nservices: {{app: {{build: {{context: '{context}'}}}}}}\n"));
    let mut observed = empty(&project);
    observed.images.insert("p-app".to_owned(), None);
    let plan = plan(&project, &observed).unwrap();
    let step = |verb| plan.steps.iter().position(|step| step.action.verb() == verb).unwrap();
    assert_eq!(plan.steps[step("build image")].action.object(), "p-app");
    assert!(plan.steps[step("create container")].after.contains(&step("build image")), "{}", plan.text());
}

/// Any small project: up to five services, each depending on earlier ones.
fn any_project() -> impl Strategy<Value = String> {
    let service = (1..3_u32, any::<bool>(), any::<bool>(), 0..4_usize, 0..3_usize, 0..8_usize);
    prop::collection::vec(service, 1..5).prop_map(|services| {
        let mut text = "name: p\nservices:\n".to_owned();
        for (index, (scale, health, stays, dependency, condition, shares)) in services.iter().enumerate() {
            text.push_str(&format!("  s{index}:\n    image: i{index}\n    scale: {scale}\n"));
            text.push_str(if *stays { "    restart: always\n" } else { "    restart: 'no'\n" });
            if *health {
                text.push_str("    healthcheck: {test: [CMD, 'true']}\n");
            }
            if *shares < index {
                text.push_str(&format!("    pid: 'service:s{shares}'\n"));
            }
            if *dependency < index {
                let word =
                    ["service_started", "service_healthy", "service_completed_successfully"][*condition];
                text.push_str(&format!(
                    "    depends_on: {{s{dependency}: {{condition: {word}, restart: {health}}}}}\n"
                ));
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn the_plan_of_an_applied_plan_is_empty(text in any_project(), changed in 0..5_usize) {
        let first = project(&text);
        let observed = applied(&empty(&first), &plan(&first, &empty(&first)).unwrap());
        prop_assert!(plan(&first, &observed).unwrap().is_empty());
        let second = project(&text.replace(&format!("image: i{changed}\n"), &format!("image: i{changed}\n    user: '1'\n")));
        let change = plan(&second, &observed).unwrap();
        prop_assert!(change.steps.iter().enumerate().all(|(index, step)| step.after.iter().all(|before| *before < index)));
        let again = plan(&second, &applied(&observed, &change)).unwrap();
        prop_assert!(again.is_empty(), "{}", again.text());
    }
}
