//! Planted faults for the verdicts, one at a time.

use super::*;
use crate::http::Response;
use crate::report::Status;

const GOOD: [(&str, &str); 8] = [
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("permissions-policy", "camera=()"),
    ("x-environment", "staging"),
    ("x-robots-tag", "noindex, nofollow"),
];

fn surface(headers: &[(&str, &str)], body: &str) -> Surface {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let response = Response { status: 404, headers, body: body.into(), ..Response::default() };
    Surface { name: "page", path: "/".into(), response: response.into() }
}

/// The good headers, one of them with another value.
fn with(name: &str, value: &str) -> Surface {
    let changed: Vec<_> = GOOD.iter().map(|(n, v)| (*n, if *n == name { value } else { v })).collect();
    surface(&changed, "")
}

#[test]
fn the_good_headers_pass_and_a_missing_or_doubled_one_fails() {
    assert_eq!(judge_security(&[surface(&GOOD, "")]).status, Status::Pass);
    for (name, _) in SECURITY {
        let without: Vec<_> = GOOD.into_iter().filter(|(n, _)| *n != name).collect();
        let outcome = judge_security(&[surface(&GOOD, ""), surface(&without, "")]);
        assert_eq!((outcome.status, outcome.found.contains(name)), (Status::Fail, true), "{outcome:?}");
        let twice: Vec<_> = GOOD.into_iter().chain([(name, "x")]).collect();
        let outcome = judge_security(&[surface(&twice, "")]);
        assert!(outcome.found.ends_with("is there 2 times"), "{outcome:?}");
    }
    assert_eq!(judge_security(&[]).status, Status::Error, "nothing looked at proves nothing");
}

#[test]
fn a_header_with_an_empty_promise_fails() {
    for (name, value) in [
        ("x-content-type-options", "none"),
        ("x-frame-options", "ALLOW-FROM https://evil.example"),
        ("content-security-policy", "default-src *; frame-ancestors 'none'"),
        ("content-security-policy", "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"),
        ("content-security-policy", "default-src 'self'"),
        ("referrer-policy", "unsafe-url"),
        ("permissions-policy", "camera"),
    ] {
        assert_eq!(judge_security(&[with(name, value)]).status, Status::Fail, "{name}: {value}");
    }
}

#[test]
fn hsts_must_last_a_year_and_hold_for_subdomains() {
    assert_eq!(judge_hsts(&[surface(&GOOD, "")]).status, Status::Pass);
    for value in ["max-age=300; includeSubDomains", "max-age=63072000", "includeSubDomains"] {
        assert_eq!(judge_hsts(&[with("strict-transport-security", value)]).status, Status::Fail, "{value}");
    }
    assert_eq!(judge_hsts(&[surface(&[], "")]).status, Status::Fail);
}

#[test]
fn a_version_in_a_header_or_on_an_error_page_fails() {
    assert_eq!(judge_disclosure(&[surface(&[("server", "nginx")], "<hr>nginx")]).status, Status::Pass);
    for fault in [
        surface(&[("server", "nginx/1.22.1")], ""),
        surface(&[("x-powered-by", "Next.js")], ""),
        surface(&[("server", "nginx")], "<hr><center>nginx/1.22.1</center>"),
    ] {
        assert_eq!(judge_disclosure(&[fault]).status, Status::Fail);
    }
}

#[test]
fn an_answer_that_does_not_say_staging_fails() {
    assert_eq!(judge_markers(&[surface(&GOOD, "")]).status, Status::Pass);
    assert_eq!(judge_markers(&[with("x-environment", "production")]).status, Status::Fail);
    assert_eq!(judge_markers(&[with("x-robots-tag", "all")]).status, Status::Fail);
    assert_eq!(judge_limited(&surface(&GOOD[..7], "")).status, Status::Fail);
}
