//! One production with a trap of each kind: what its twin holds, what the proof finds, what is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::write::compose_file;
use super::{Derived, Request, Shared, derive, reference, shared};
use crate::compose::{self, Environment, Model};

const PRODUCTION: &str = include_str!("../../tests/data/twin/docker-compose.yml");

fn load(text: &str, directory: &str, environment: Environment) -> Model {
    let file = Path::new(directory).join("docker-compose.yml");
    let request = compose::Request {
        files: vec![file.clone()],
        directory: PathBuf::from(directory),
        environment,
        profiles: ["*".to_owned()].into(),
        name: None,
    };
    compose::load(&request, &mut |path| Ok((path == file).then(|| text.to_owned()))).unwrap()
}

fn production(text: &str) -> Model {
    load(text, "/srv/shop", [("DB_PASSWORD".to_owned(), "pr0duct1on-pw".to_owned())].into())
}

fn request(production: &Model) -> Request<'_> {
    Request {
        production,
        name: "twin".to_owned(),
        directory: PathBuf::from("/srv/shop"),
        taken: BTreeSet::new(),
        files: BTreeMap::from([("/srv/shop/site.conf".to_owned(), Some("server {}".to_owned()))]),
        copy: BTreeSet::new(),
        share: BTreeSet::new(),
        own: ["network:edge".to_owned()].into(),
        without: BTreeSet::new(),
    }
}

/// The twin as it is read again from its file.
fn written(derived: &Derived) -> (String, Model) {
    let text = compose_file(derived, &["docker-compose.yml".to_owned()]).unwrap();
    let environment = derived.variables.keys().map(|name| (name.clone(), reference::to(name))).collect();
    let model = load(&text, "/srv/twin", environment);
    (text, model)
}

fn kinds(shared: &[Shared]) -> BTreeSet<&'static str> {
    shared.iter().map(|one| one.kind).collect()
}

#[test]
fn a_twin_shares_nothing_with_its_production_and_holds_no_credential_of_it() {
    let production = production(PRODUCTION);
    let derived = derive(&request(&production));
    assert_eq!(derived.refusals, []);
    let (text, twin) = written(&derived);
    assert_eq!(shared(&production, &twin, &BTreeSet::new()), []);
    for secret in ["pr0duct1on-pw", "sk_live_", "verysecretredis", "shop.example.com", "syslog", "10.77.5"] {
        assert!(!text.contains(secret), "{secret}: {text}");
        let said = serde_json::to_string(&derived.changes).unwrap();
        assert!(
            secret.contains('.') || secret == "syslog" || !said.contains(secret),
            "{secret} is said: {said}"
        );
    }
    assert_eq!(twin.services().count(), production.services().count());
}

#[test]
fn keys_that_no_rule_names_stay_as_they_are() {
    let production = production(PRODUCTION);
    let (_, twin) = written(&derive(&request(&production)));
    let key = |model: &Model, service: &str, key: &str| {
        model
            .root
            .get("services")
            .and_then(|all| all.get(service))
            .and_then(|one| one.get(key))
            .map(crate::compose::tree::Node::json)
    };
    for (service, name) in [
        ("web", "ulimits"),
        ("web", "sysctls"),
        ("web", "cap_add"),
        ("db", "shm_size"),
        ("web", "deploy"),
        ("web", "init"),
    ] {
        let before = key(&production, service, name);
        assert!(before.is_some(), "{service}.{name} is not in the sample");
        assert_eq!(key(&twin, service, name), before, "{service}.{name}");
    }
}

#[test]
fn production_compared_with_itself_shares_every_kind_of_resource() {
    let production = production(PRODUCTION);
    let found = shared(&production, &production, &BTreeSet::new());
    let wanted = ["address", "credential", "image", "mount", "name", "network", "port", "subnet", "volume"];
    assert_eq!(kinds(&found), wanted.into());
    let all: BTreeSet<String> = found.iter().map(Shared::permit).collect();
    assert_eq!(shared(&production, &production, &all), []);
}

#[test]
fn each_thing_put_back_into_a_twin_is_found() {
    let production = production(PRODUCTION);
    let (text, _) = written(&derive(&request(&production)));
    for (kind, from, to) in [
        ("port", "published: '28480'", "published: '8480'"),
        ("port", "published: '28480'", "published: '8480-8490'"),
        ("name", "container_name: twin-shop_proxy", "container_name: shop_proxy"),
        ("name", "name: twin", "name: shop"),
        ("mount", "./staging-data/mounts/data", "/srv/shop/data/below"),
        ("credential", "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}", "POSTGRES_PASSWORD: pr0duct1on-pw"),
        ("credential", "- ${CACHE_PASSWORD}", "- verysecretredis"),
        ("credential", "sk_test_${STRIPE_KEY}", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        ("address", "smtp-sendgrid-net.staging.invalid", "smtp.sendgrid.net"),
        ("host", "image: postgres:15", "image: postgres:15\n    pid: host"),
        ("host", "image: postgres:15", "image: postgres:15\n    privileged: true"),
        ("image", "context: /srv/shop", "context: /srv/shop\n      tags: ['shop/web:latest']"),
        ("volume", "media: {}", "media: {name: shop_media}"),
        ("volume", "media: {}", "media: {external: true, name: other}"),
        ("network", "front:\n    ipam: {}", "front:\n    name: shop_front_net"),
        ("subnet", "front:\n    ipam: {}", "front:\n    ipam: {config: [{subnet: 10.77.0.0/16}]}"),
    ] {
        assert!(text.contains(from), "the twin has no `{from}`: {text}");
        let broken = text.replace(from, to);
        let environment = derive(&request(&production))
            .variables
            .keys()
            .map(|name| (name.clone(), reference::to(name)))
            .collect();
        let found = shared(&production, &load(&broken, "/srv/twin", environment), &BTreeSet::new());
        assert!(kinds(&found).contains(kind), "{to}: {found:?}");
    }
}

#[test]
fn what_only_the_user_can_decide_is_refused_with_its_line_and_the_options() {
    let text = "name: shop
services:
  agent:
    image: agent
    network_mode: host
    privileged: true
    volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro', '/etc/letsencrypt:/etc/letsencrypt:ro']
  web: {image: nginx, networks: [proxy], volumes: ['uploads:/uploads']}
networks: {proxy: {external: true}}
volumes: {uploads: {external: true}}
";
    let production = production(text);
    let mut request = request(&production);
    request.own.clear();
    let refusals = derive(&request).refusals;
    let decided: Vec<&str> = refusals.iter().flat_map(|one| one.decide.iter().map(String::as_str)).collect();
    for option in [
        "--without agent",
        "--share host:agent",
        "--share mount:/var/run/docker.sock",
        "--own mount:/etc/letsencrypt",
        "--own network:proxy",
        "--share volume:uploads",
    ] {
        assert!(decided.contains(&option), "{option}: {decided:?}");
    }
    assert!(refusals.iter().all(|one| one.place.starts_with("docker-compose.yml:")), "{refusals:?}");

    request.without.insert("agent".to_owned());
    request.own = ["network:proxy".to_owned(), "volume:uploads".to_owned()].into();
    let derived = derive(&request);
    assert_eq!(derived.refusals, []);
    let (_, twin) = written(&derived);
    assert_eq!(shared(&production, &twin, &BTreeSet::new()), []);
}

#[test]
fn a_credential_in_a_mounted_file_is_refused_with_the_file_and_its_line() {
    let production = production(PRODUCTION);
    let mut request = request(&production);
    let text = "server {\n  set $key \"pr0duct1on-pw\";\n}\n".to_owned();
    request.files.insert("/srv/shop/site.conf".to_owned(), Some(text));
    let refusals = derive(&request).refusals;
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(
        refusals[0].what.contains("site.conf:2") && !refusals[0].what.contains("pr0duct1on"),
        "{refusals:?}"
    );
}

#[test]
fn production_that_only_reads_the_whole_host_is_no_obstacle_and_a_word_is_no_credential() {
    let text = "name: shop
services:
  agent: {image: agent, volumes: ['/:/host:ro']}
  db: {image: postgres, environment: {POSTGRES_PASSWORD: postgres}, volumes: ['./pg:/var/lib/postgresql/data']}
";
    let production = production(text);
    let mut request = request(&production);
    request.without.insert("agent".to_owned());
    let derived = derive(&request);
    let (text, twin) = written(&derived);
    assert_eq!((derived.refusals, shared(&production, &twin, &BTreeSet::new())), (vec![], vec![]));
    assert!(
        text.contains("image: postgres\n") && text.contains("POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}"),
        "{text}"
    );
}

#[test]
fn one_credential_of_production_becomes_one_variable_wherever_it_stands() {
    let production = production(PRODUCTION);
    let derived = derive(&request(&production));
    let (text, _) = written(&derived);
    for wanted in [
        "DATABASE_URL: postgres://shop:${POSTGRES_PASSWORD}@db:5432/shop",
        "REDIS_URL: redis://:${CACHE_PASSWORD}@cache:6379/0",
        "redis-cli -a ${CACHE_PASSWORD} ping",
        "SITE_URL: http://localhost:28480",
        "CORS_ORIGIN: http://localhost:28480",
        "APP_ENV: staging",
        "PRICE: 5$$ only",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let database = derived.database.unwrap();
    assert_eq!((database.service.as_str(), database.password.as_str()), ("db", "${POSTGRES_PASSWORD}"));
    assert_eq!(derived.cache.unwrap().password.as_deref(), Some("${CACHE_PASSWORD}"));
}

#[test]
fn two_twins_of_one_production_have_no_port_in_common() {
    let production = production(PRODUCTION);
    let (_, first) = written(&derive(&request(&production)));
    let mut second = request(&production);
    second.name = "other".to_owned();
    second.taken = super::ports::published(&first).map(|port| port.host).collect();
    let (_, second) = written(&derive(&second));
    let found = shared(&first, &second, &BTreeSet::new());
    assert!(found.iter().all(|one| one.kind == "mount" || one.kind == "credential"), "{found:?}");
}
