//! The Redis half of a copy, between two real servers: what crosses, what never does, and that
//! production stays as it was.

use std::collections::BTreeMap;

use stagectl::config::data::CacheRule;
use stagectl::config::masking::Strategy;
use stagectl::data::cache::{self, Caches};
use stagectl::data::mask::{Masker, Shape};
use stagectl::failure::{Class, Failure};
use stagectl::interrupt::Interrupt;
use stagectl::model::CacheAddress;
use stagectl::report::cache_copy::CacheSummary;

use crate::support::{Redis, engine_or_skip};

const RULES: &str = r"
- {pattern: 'session:*', action: skip}
- {pattern: 'cache:user:*', action: mask, fields: {name: name, email: email, role: {keep: one of five words}}}
- {pattern: 'cache:story:*', action: mask, fields: {title: {keep: published}, author: name, 'tags[]': {keep: published}}}
- {pattern: 'queue:*', action: mask, fields: {'[].to': email, '[].n': {keep: a number}}}
- {pattern: 'readers', action: mask, fields: {'[]': email}}
- {pattern: 'leaderboard', action: copy}
- {pattern: 'flag:*', action: copy}
";

const JANE: &str = "jane@real.example";

struct Pair {
    production: Redis,
    staging: Redis,
    rules: Vec<CacheRule>,
    masker: Masker,
}

impl Pair {
    /// Two servers; production holds a key of each kind.
    fn start() -> Self {
        let pair = Self {
            production: Redis::start(),
            staging: Redis::start(),
            rules: serde_yaml::from_str(RULES).expect("rules"),
            masker: Masker::new("a key", "staging.local"),
        };
        for words in [
            vec!["SET", "session:abc", r#"{"email":"jane@real.example"}"#, "EX", "5000"],
            vec!["HSET", "cache:user:1", "name", "Jane Roe", "email", JANE, "role", "TEACHER"],
            vec!["PEXPIRE", "cache:user:1", "90000000"],
            vec![
                "SET",
                "cache:story:7",
                r#"{"title":"The lamp","author":"Jane Roe","tags":["a"]}"#,
                "EX",
                "7000",
            ],
            vec![
                "RPUSH",
                "queue:emails",
                r#"{"to":"jane@real.example","n":1}"#,
                r#"{"to":"bob@real.example","n":2}"#,
            ],
            vec!["SADD", "readers", JANE, "bob@real.example"],
            vec!["ZADD", "leaderboard", "4.5", "u1", "2", "u2"],
            vec!["SET", "flag:new-home", "on"],
            vec!["SET", "unnamed", JANE],
            vec!["CONFIG", "RESETSTAT"],
        ] {
            pair.production.command(&words);
        }
        pair
    }

    async fn apply(&self) -> anyhow::Result<CacheSummary> {
        let staging = address(&self.staging);
        let url = self.production.url();
        let caches = Caches { production_url: &url, staging: &staging, rules: &self.rules };
        let leaks = |text: &str| text.contains("@real.example") || text.contains("Jane Roe");
        cache::apply(&caches, &self.masker, &leaks, "run-1", &Interrupt::never()).await
    }

    async fn plan(&self) -> cache::CachePlan {
        let staging = address(&self.staging);
        let url = self.production.url();
        let caches = Caches { production_url: &url, staging: &staging, rules: &self.rules };
        cache::plan(&caches, &self.masker).await.expect("a plan")
    }

    async fn refused(&self) -> String {
        let error = self.apply().await.expect_err("a refusal");
        assert_eq!(Failure::classify(&error).0, Class::Refused, "{error:#}");
        format!("{error:#} {}", Failure::classify(&error).1.join(" "))
    }

    fn email(&self, address: &str) -> String {
        self.masker.mask(&Strategy::Email, address, &Shape::default()).expect("a mask").expect("a value")
    }
}

fn address(server: &Redis) -> CacheAddress {
    CacheAddress {
        host: "127.0.0.1".into(),
        port: server.port,
        password: Some(Redis::PASSWORD.to_owned().into()),
    }
}

fn keys(server: &Redis) -> Vec<String> {
    let mut keys: Vec<String> = server.command(&["KEYS", "*"]).lines().map(str::to_owned).collect();
    keys.retain(|key| !key.is_empty());
    keys.sort();
    keys
}

/// Every key with its value, as bytes that Redis itself writes.
fn contents(server: &Redis) -> BTreeMap<String, String> {
    keys(server).into_iter().map(|key| (key.clone(), server.command(&["DUMP", &key]))).collect()
}

fn ttl(server: &Redis, key: &str) -> i64 {
    server.command(&["PTTL", key]).trim().parse().expect("a number")
}

#[tokio::test]
async fn keys_cross_masked_with_type_and_time_to_live_and_production_stays_as_it_was() {
    if !engine_or_skip() {
        return;
    }
    let pair = Pair::start();
    let before = contents(&pair.production);
    let plan = pair.plan().await;
    assert_eq!((plan.rules[0].keys, plan.rules[1].keys, plan.unnamed), (1, 1, 1));
    plan.decided().expect("every field is decided");
    assert!(keys(&pair.staging).is_empty(), "a plan writes nothing");

    let summary = pair.apply().await.expect("a copy");

    let staging = &pair.staging;
    assert_eq!(
        keys(staging),
        [
            "cache:story:7",
            "cache:user:1",
            "flag:new-home",
            "leaderboard",
            "queue:emails",
            "readers",
            "stagectl:copied"
        ]
    );
    assert_eq!(staging.command(&["HGET", "cache:user:1", "email"]).trim(), pair.email(JANE));
    assert_eq!(staging.command(&["HGET", "cache:user:1", "role"]).trim(), "TEACHER");
    assert_ne!(staging.command(&["HGET", "cache:user:1", "name"]).trim(), "Jane Roe");
    let first = staging.command(&["LINDEX", "queue:emails", "0"]);
    assert_eq!(first.trim(), format!(r#"{{"to":"{}","n":1}}"#, pair.email(JANE)), "order is kept");
    assert_eq!(staging.command(&["SISMEMBER", "readers", &pair.email(JANE)]).trim(), "1");
    assert_eq!(staging.command(&["SCARD", "readers"]).trim(), "2");
    assert_eq!(staging.command(&["ZSCORE", "leaderboard", "u1"]).trim(), "4.5");
    let story = staging.command(&["GET", "cache:story:7"]);
    assert!(story.contains("The lamp") && !story.contains("Jane"), "{story}");
    for (key, kind) in
        [("cache:user:1", "hash"), ("queue:emails", "list"), ("readers", "set"), ("leaderboard", "zset")]
    {
        assert_eq!(staging.command(&["TYPE", key]).trim(), kind);
    }
    assert!((80_000_000..=90_000_000).contains(&ttl(staging, "cache:user:1")));
    assert!((6_000_000..=7_000_000).contains(&ttl(staging, "cache:story:7")));
    assert_eq!(ttl(staging, "leaderboard"), -1);

    let user = &summary.rules[1];
    assert_eq!((user.action.as_str(), user.keys, user.masked_values, user.skipped), ("mask", 1, 2, 0));
    assert_eq!((summary.rules[0].keys, summary.rules[0].skipped), (0, 1));
    assert_eq!((summary.unnamed, summary.removed), (1, 0));

    let used = pair.production.command(&["INFO", "commandstats"]);
    assert!(used.contains("cmdstat_scan:") && used.contains("cmdstat_hscan:"), "{used}");
    let reads = [
        "scan",
        "type",
        "pttl",
        "get",
        "hscan",
        "sscan",
        "lrange",
        "zrange",
        "info",
        "ping",
        "auth",
        "select",
        "hello",
        "client|setinfo",
        "client",
        "command",
        // Of this test's own eyes.
        "config|resetstat",
        "keys",
        "dump",
    ];
    for line in used.lines().filter_map(|line| line.strip_prefix("cmdstat_")) {
        let command = line.split(':').next().unwrap_or_default();
        assert!(reads.contains(&command), "production saw `{command}`");
    }
    assert_eq!(contents(&pair.production), before);
}

#[tokio::test]
async fn what_is_undecided_or_leaks_stops_the_copy_with_nothing_written() {
    if !engine_or_skip() {
        return;
    }
    let mut pair = Pair::start();
    pair.staging.command(&["SET", "app:own", "1"]);
    let production = &pair.production;

    production.command(&["HSET", "cache:user:1", "nickname", "Janie"]);
    let refusal = pair.refused().await;
    assert!(refusal.contains("nickname") && refusal.contains("'nickname': name"), "{refusal}");
    assert!(!refusal.contains("Janie"), "no value is shown");
    assert_eq!(pair.plan().await.undecided[0].field, "nickname");
    assert_eq!(keys(&pair.staging), ["app:own"]);
    production.command(&["HDEL", "cache:user:1", "nickname"]);

    production.command(&["SET", "flag:owner", JANE]);
    let refusal = pair.refused().await;
    assert!(refusal.contains("flag:*") && !refusal.contains(JANE), "{refusal}");
    assert_eq!(keys(&pair.staging), ["app:own"]);
    production.command(&["DEL", "flag:owner"]);

    production.command(&["SET", "flag:jane@real.example", "on"]);
    assert!(pair.refused().await.contains("name of a key"));
    production.command(&["DEL", "flag:jane@real.example"]);

    production.command(&["HSET", "cache:user:1", "role", JANE]);
    assert!(pair.refused().await.contains("cache:user:*"), "a kept field is searched too");
    assert_eq!(keys(&pair.staging), ["app:own"]);
    production.command(&["HSET", "cache:user:1", "role", "TEACHER"]);

    pair.apply().await.expect("nothing is wrong any more");
    // A rule without fields decides nothing.
    pair.rules = serde_yaml::from_str("[{pattern: 'cache:*', action: mask}]").expect("rules");
    let before = contents(&pair.staging);
    assert!(pair.refused().await.contains("undecided"));
    assert_eq!(contents(&pair.staging), before);
}

#[tokio::test]
async fn one_server_under_two_names_is_refused() {
    if !engine_or_skip() {
        return;
    }
    let pair = Pair::start();
    let before = contents(&pair.production);
    let staging = address(&pair.production);
    let url = pair.production.url().replace("127.0.0.1", "localhost").replace("/0", "/1");
    let caches = Caches { production_url: &url, staging: &staging, rules: &pair.rules };
    let error = cache::apply(&caches, &pair.masker, &|_| false, "run-1", &Interrupt::never())
        .await
        .expect_err("a refusal");
    assert_eq!(Failure::classify(&error).0, Class::Refused, "{error:#}");
    assert!(error.to_string().contains("same server"), "{error:#}");
    assert_eq!(contents(&pair.production), before);
}

#[tokio::test]
async fn a_second_copy_removes_what_no_longer_comes_and_leaves_the_applications_own() {
    if !engine_or_skip() {
        return;
    }
    let pair = Pair::start();
    pair.apply().await.expect("a copy");
    pair.staging.command(&["SET", "session:of-staging", "mine"]);
    pair.staging.command(&["SET", "cache:story:99", "made here"]);
    // What a killed run leaves.
    pair.staging.command(&["SET", "stagectl:new:killed:cache:user:1", "left over"]);
    pair.production.command(&["DEL", "leaderboard"]);
    pair.production.command(&["RPUSH", "queue:emails", r#"{"to":"eve@real.example","n":3}"#]);

    let summary = pair.apply().await.expect("a second copy");

    assert_eq!(summary.removed, 1);
    assert_eq!(
        keys(&pair.staging),
        [
            "cache:story:7",
            "cache:story:99",
            "cache:user:1",
            "flag:new-home",
            "queue:emails",
            "readers",
            "session:of-staging",
            "stagectl:copied"
        ]
    );
    assert_eq!(pair.staging.command(&["LLEN", "queue:emails"]).trim(), "3", "replaced, not added to");
    assert_eq!(pair.staging.command(&["GET", "session:of-staging"]).trim(), "mine");
}

#[tokio::test]
async fn long_values_cross_whole_part_by_part() {
    if !engine_or_skip() {
        return;
    }
    let pair = Pair::start();
    let fill = "for i = 1, 1700 do \
                redis.call('RPUSH', 'queue:long', '{\"to\":\"u' .. i .. '@real.example\",\"n\":' .. i .. '}') \
                redis.call('SADD', 'readers', 'u' .. i .. '@real.example') \
                redis.call('ZADD', 'leaderboard', i, 'u' .. i) \
                redis.call('SET', 'flag:' .. i, i) \
                redis.call('HSET', 'flag:hash', 'f' .. i, i) end";
    pair.production.command(&["EVAL", fill, "0"]);

    let summary = pair.apply().await.expect("a copy");

    let staging = &pair.staging;
    for (command, key, expected) in [
        ("LLEN", "queue:long", "1700"),
        ("SCARD", "readers", "1702"),
        ("ZCARD", "leaderboard", "1700"),
        ("HLEN", "flag:hash", "1700"),
    ] {
        assert_eq!(staging.command(&[command, key]).trim(), expected, "{key}");
    }
    let last = staging.command(&["LINDEX", "queue:long", "-1"]);
    assert_eq!(last.trim(), format!(r#"{{"to":"{}","n":1700}}"#, pair.email("u1700@real.example")));
    assert_eq!(summary.rules[6].keys, 1702);
}

#[tokio::test]
async fn the_first_blueprint_decides_every_key_that_the_sample_keeps() {
    if !engine_or_skip() {
        return;
    }
    let mut pair = Pair::start();
    let blueprint = concat!(env!("CARGO_MANIFEST_DIR"), "/compose/blueprints/nextjs-postgres/stagectl.yml");
    let text = fs_err::read_to_string(blueprint).expect("the blueprint");
    let config = stagectl::config::load::parse(&text, None).expect("a config");
    pair.rules = config.cache_copy.rules;
    pair.production.command(&["FLUSHALL"]);
    let story = r#"{"id":"s1","title":"The lamp","slug":"the-lamp","content":"Jane Roe wrote","tags":["a","b"],"publishedAt":"2026-01-02T03:04:05+00:00","authorId":"u1","author":"Jane Roe"}"#;
    for words in [
        vec!["SET", "session:abc", r#"{"email":"jane@real.example"}"#, "EX", "604800"],
        vec!["SET", "cache:story:s1", story, "EX", "86400"],
        vec!["HSET", "cache:user:u1", "name", "Jane Roe", "email", JANE, "phone", "", "role", "TEACHER"],
        vec!["RPUSH", "queue:emails", r#"{"to":"jane@real.example"}"#],
        vec!["ZADD", "leaderboard", "4", "u1"],
        vec!["SET", "ratelimit:login:192.0.2.7", "4", "EX", "600"],
    ] {
        pair.production.command(&words);
    }

    let plan = pair.plan().await;
    plan.decided().expect("every field is decided");
    assert_eq!(plan.unnamed, 0);
    pair.apply().await.expect("a copy");

    assert_eq!(keys(&pair.staging), ["cache:story:s1", "cache:user:u1", "leaderboard", "stagectl:copied"]);
    let story = pair.staging.command(&["GET", "cache:story:s1"]);
    assert!(
        serde_json::from_str::<serde_json::Value>(story.trim()).is_ok_and(|s| s["tags"][1] == "b"),
        "{story}"
    );
    assert!(!story.contains("Jane"), "{story}");
}

#[tokio::test]
async fn a_url_that_leads_nowhere_is_told_without_its_password() {
    if !engine_or_skip() {
        return;
    }
    let staging = Redis::start();
    let staging_address = address(&staging);
    let masker = Masker::new("a key", "staging.local");
    for url in [
        format!("rediss://:hunter2@127.0.0.1:{}/0", staging.port),
        "redis://:hunter2@127.0.0.1:1/0".to_owned(),
        "postgres://:hunter2@127.0.0.1:1/0".to_owned(),
    ] {
        let caches = Caches { production_url: &url, staging: &staging_address, rules: &[] };
        let error = cache::plan(&caches, &masker).await.expect_err("no connection");
        let class = Failure::classify(&error).0;
        assert!(matches!(class, Class::Environment | Class::Config), "{error:#}");
        assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:#}");
    }
}
