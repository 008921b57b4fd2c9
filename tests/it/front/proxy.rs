//! Protocols, headers, redirects, routes: each fault is planted in the file that nginx reads.

use super::twin::{CONF, Fault, READING, Twin};
use crate::support::engine_or_skip;

#[test]
fn the_rendered_proxy_passes_and_each_fault_in_it_is_seen_by_its_check() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start();
    assert_eq!(twin.red(&READING), []);
    for fault in PROXY_FAULTS {
        twin.plant(&READING, fault);
    }
    twin.restart();
    assert_eq!(twin.red(&READING), [], "all is green again");
}

#[test]
fn each_fault_in_the_application_is_seen_by_its_check() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start();
    for fault in APP_FAULTS {
        twin.plant(&READING, fault);
    }
    twin.restart();
    assert_eq!(twin.red(&READING), [], "all is green again");
}

const fn proxy<'a>(name: &'a str, from: &'a str, to: &'a str, red: &'a [&'a str]) -> Fault<'a> {
    Fault { name, file: CONF, from, to, red }
}

const fn app<'a>(name: &'a str, from: &'a str, to: &'a str, red: &'a [&'a str]) -> Fault<'a> {
    Fault { name, file: "app.conf", from, to, red }
}

const PROXY_FAULTS: &[Fault<'_>] = &[
    proxy(
        "TLS 1.1 is spoken, and with it a suite of its time",
        "ssl_protocols TLSv1.2 TLSv1.3;\n    ssl_ciphers ",
        "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;\n    ssl_ciphers @SECLEVEL=0:ECDHE-ECDSA-AES128-SHA:",
        &["SEC-001", "SEC-002"],
    ),
    proxy("TLS 1.3 is missing", "TLSv1.2 TLSv1.3;", "TLSv1.2;", &["SEC-001"]),
    proxy("a CBC suite", "ssl_ciphers ", "ssl_ciphers ECDHE-ECDSA-AES128-SHA256:", &["SEC-002"]),
    proxy(
        "early data",
        "ssl_session_tickets off;",
        "ssl_session_tickets on; ssl_early_data on;",
        &["SEC-002"],
    ),
    proxy("a redirect that drops the path", "$request_uri\";", "/\";", &["SEC-003"]),
    proxy("a temporary redirect", "return 301 ", "return 302 ", &["SEC-003"]),
    proxy("a header missing on errors", "usb=()\" always;", "usb=()\";", &["SEC-004"]),
    proxy("a header twice", "proxy_hide_header Referrer-Policy;", "", &["SEC-004"]),
    proxy(
        "the version in Server and on error pages",
        "server_tokens off;",
        "server_tokens on;",
        &["SEC-005"],
    ),
    proxy(
        "any origin reflected",
        "map $http_origin $cors_origin {\n        default '';",
        "map $http_origin $cors_origin {\n        default $http_origin;",
        &["SEC-006"],
    ),
    proxy(
        "metrics open",
        "location ^~ /metrics {\n            return 404;",
        "location ^~ /metrics {\n            proxy_pass http://upstream_app;",
        &["SEC-007"],
    ),
    proxy(
        "a dot file readable",
        "(?!well-known/)\" {\n            return 404;",
        "(?!well-known/)\" {\n            proxy_pass http://upstream_app;",
        &["SEC-008"],
    ),
    proxy(
        "a foreign host served",
        "server_name _;\n        return 421;",
        "server_name _;\n        return 200;",
        &["SEC-022"],
    ),
    proxy(
        "content over plain HTTP",
        "        location / {\n            return 301",
        "        location = / {\n            return 200;\n        }\n        location / {\n            return 301",
        &["SEC-023"],
    ),
    proxy("bodies without a bound", "client_max_body_size 10m;", "client_max_body_size 0;", &["SEC-018"]),
    proxy("a short HSTS", "max-age=63072000", "max-age=300", &["SEC-019"]),
    proxy("not marked as staging", "X-Environment staging", "X-Environment production", &["SEC-020"]),
];

const APP_FAULTS: &[Fault<'_>] = &[
    app("healthy in status only", r#"{"status":"ok"}"#, r#"{"status":"degraded"}"#, &["APP-001"]),
    app("a route dropped", "location = /api/stories {", "location = /api/tales {", &["APP-002"]),
    app("a route that is no JSON", "return 200 '[]';", "return 200 '<p>';", &["APP-002"]),
    app(
        "a shell for every API path",
        "return 404 '{\"error\":\"not found\"}';",
        "return 200 '{}';",
        &["APP-003"],
    ),
    app("a file gone", "location = /static/a.js {", "location = /static/b.js {", &["APP-004"]),
    app("a file of the wrong kind", "text/css", "text/plain", &["APP-004"]),
    app("an old version", "1.0.0", "0.9.0", &["APP-006"]),
    app("a server error", "return 200 '[]';", "return 500 '{}';", &["APP-002", "APP-007"]),
    app(
        "the own port answers nobody",
        "location = /api/health {",
        "location = /api/health { if ($http_x_real_ip = '') { return 403; }",
        &["APP-008"],
    ),
];
