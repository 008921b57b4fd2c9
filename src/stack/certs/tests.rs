//! Renewal, with the time given.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::ui::Ui;

fn wanted(directory: &std::path::Path) -> Request {
    Request {
        directory: directory.to_owned(),
        project: "demo".to_owned(),
        dns: ["localhost".to_owned(), "staging.test".to_owned()].into(),
        addresses: ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()].into(),
        days: 365,
        renew_days: 30,
        revocation_url: "http://staging.test:8081/ca.crl".to_owned(),
        reader: None,
    }
}

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn later(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn made(folder: &tempfile::TempDir) -> Request {
    let request = wanted(folder.path());
    let plan = plan(&request, &observe(&request).unwrap(), now(), false);
    apply(&request, &plan, now(), &Ui::new(crate::ui::Options { quiet: true, ..Default::default() }))
        .unwrap();
    request
}

/// The reasons of the plan at `at`.
fn why(request: &Request, at: Timestamp) -> Vec<String> {
    plan(request, &observe(request).unwrap(), at, false)
        .actions
        .into_iter()
        .map(|action| action.why)
        .collect()
}

#[test]
fn a_plan_after_its_own_apply_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let request = made(&folder);
    assert_eq!(why(&request, now()), Vec::<String>::new());
    assert_eq!(why(&request, later(334)), Vec::<String>::new());
}

#[test]
fn near_expiry_only_the_certificate_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let request = made(&folder);
    let plan = plan(&request, &observe(&request).unwrap(), later(340), false);
    assert_eq!(plan.actions.len(), 1, "{plan:?}");
    assert_eq!(plan.actions[0].part, Part::Certificate);
    assert_eq!(plan.days_left, Some(25));
    assert_eq!(why(&request, later(400)), ["it has expired"]);
    assert_eq!(why(&request, later(-10)), ["it is not valid yet"]);
}

#[test]
fn an_authority_that_would_not_outlive_its_leaf_is_made_anew_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let request = made(&folder);
    let plan = plan(&request, &observe(&request).unwrap(), later(3400), false);
    assert_eq!(plan.actions.iter().map(|a| a.part).collect::<Vec<_>>(), [Part::Authority, Part::Certificate]);
}

#[test]
fn what_is_missing_damaged_or_foreign_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let request = made(&folder);
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, text: &str| fs_err::write(path(name), text).unwrap();
    let kept: Vec<(&str, Vec<u8>)> = ["ca.crt", "ca.key", "ca.crl", "staging.crt", "staging.key"]
        .map(|name| (name, fs_err::read(path(name)).unwrap()))
        .into();
    let restore = || kept.iter().for_each(|(name, bytes)| fs_err::write(path(name), bytes).unwrap());

    fs_err::remove_file(path("staging.key")).unwrap();
    assert_eq!(why(&request, now()), ["staging.key does not exist"]);
    restore();
    write("staging.crt", "not a certificate");
    assert_eq!(why(&request, now()), ["staging.crt cannot be read"]);
    restore();
    write("staging.key", &rcgen::KeyPair::generate().unwrap().serialize_pem());
    assert_eq!(why(&request, now()), ["staging.key does not belong to staging.crt"]);
    restore();
    fs_err::remove_file(path("ca.crl")).unwrap();
    assert_eq!(why(&request, now()), ["its revocation list does not exist"]);
    restore();
    let other = tempfile::tempdir().unwrap();
    made(&other);
    for name in ["ca.crt", "ca.key"] {
        fs_err::copy(other.path().join(name), path(name)).unwrap();
    }
    assert_eq!(why(&request, now()), ["ca.crt did not sign it"]);
    restore();
    fs_err::set_permissions(path("staging.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    assert_eq!(why(&request, now()), ["its mode is 0644, it must be 0600"]);
}

#[test]
fn a_new_name_makes_a_new_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = made(&folder);
    request.dns.insert("other.test".to_owned());
    assert_eq!(why(&request, now()), ["the names have changed"]);
}
