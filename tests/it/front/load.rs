//! Limits and load.

use super::twin::{BURSTING, CONF, Fault, READING, Twin};
use crate::support::{docker, engine_or_skip};

const LOADING: [&str; 4] = ["PRF-001", "PRF-002", "PRF-003", "PRF-006"];

const fn limit<'a>(name: &'a str, from: &'a str, to: &'a str, red: &'a [&'a str]) -> Fault<'a> {
    Fault { name, file: CONF, from, to, red }
}

const fn app<'a>(name: &'a str, from: &'a str, to: &'a str, red: &'a [&'a str]) -> Fault<'a> {
    Fault { name, file: "app.conf", from, to, red }
}

#[test]
fn the_rendered_limit_passes_and_each_fault_in_it_is_seen_by_its_check() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start();
    assert_eq!(twin.red(&BURSTING), []);
    for fault in [
        limit("503 instead of 429", "limit_req_status 429;", "", &["PRF-004"]),
        limit("ten times the burst", "burst=20 ", "burst=200 ", &["PRF-004"]),
        limit("twice the rate", "rate=600r/m", "rate=1200r/m", &["PRF-007"]),
        limit("half the rate", "rate=600r/m", "rate=300r/m", &["PRF-007"]),
        limit(
            "one budget for all clients",
            "limit_req_zone $binary_remote_addr zone=per_address",
            "limit_req_zone $server_name zone=per_address",
            &["PRF-005"],
        ),
        limit(
            "a visitor names its own address",
            "limit_req_status 429;",
            "limit_req_status 429; set_real_ip_from 0.0.0.0/0; real_ip_header X-Forwarded-For;",
            &["PRF-009"],
        ),
        limit("sign-in like everything", "limit_req zone=auth burst=5 nodelay;", "", &["PRF-008"]),
        limit("headers missing on 429", "nosniff always;", "nosniff;", &["SEC-021"]),
    ] {
        twin.plant(&BURSTING, &fault);
    }
    twin.restart();
    assert_eq!(twin.red(&BURSTING), [], "all is green again");
}

#[test]
fn a_run_that_finds_the_limit_spent_waits_and_is_green() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start();
    twin.edit("stagectl.yml", "per_minute: 600,", "per_minute: 100,");
    twin.edit(CONF, "rate=600r/m", "rate=100r/m");
    for _ in 0..2 {
        assert_eq!(twin.red(&READING), []);
        assert_eq!(twin.red(&["PRF-004"]), [], "it spends the budget");
    }
}

#[test]
fn a_slow_page_route_or_answer_and_a_full_container_are_seen() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start();
    assert_eq!(twin.red(&LOADING), []);
    // The head of an answer counts too: some 200 bytes.
    let slow = |location: &'static str| (location, format!("{location} limit_rate 150;"));
    let (page, slow_page) = slow("location = / {");
    let (route, slow_route) = slow("location = /api/version {");
    let (health, slow_health) = slow("location = /api/health {");
    for fault in [
        app("a slow page", page, &slow_page, &["PRF-001"]),
        app("a slow route", route, &slow_route, &["PRF-006"]),
        app("a slow health answer", health, &slow_health, &["PRF-006", "PRF-002"]),
    ] {
        twin.plant(&LOADING, &fault);
    }
    twin.restart();
    docker(&["exec", &twin.proxy.id, "dd", "if=/dev/zero", "of=/dev/shm/full", "bs=1M", "count=54"]);
    let seen = twin.red(&LOADING);
    assert_eq!(seen.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["PRF-003"], "{seen:?}");
    docker(&["exec", &twin.proxy.id, "rm", "/dev/shm/full"]);
    assert_eq!(twin.red(&LOADING), [], "all is green again");
}
