//! `certs`, looked at with openssl.

use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use super::blueprint;

fn openssl(folder: &std::path::Path, args: &[&str]) -> String {
    let output =
        Command::new("openssl").current_dir(folder).args(args).output().expect("openssl is installed");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {}: {text}", args.join(" "));
    text
}

#[test]
fn openssl_accepts_the_certificate_and_finds_in_it_what_was_asked_for() {
    let workspace = blueprint("fastapi-react", "certs");
    workspace.stagectl(&["certs"]).expect_code(0);
    let folder = workspace.path("nginx/ssl-staging");
    openssl(
        &folder,
        &[
            "verify",
            "-CAfile",
            "ca.crt",
            "-verify_hostname",
            "staging.gw2wvwbuilder.example.com",
            "staging.crt",
        ],
    );
    openssl(&folder, &["verify", "-CAfile", "ca.crt", "-verify_ip", "127.0.0.1", "staging.crt"]);
    let text = openssl(&folder, &["x509", "-in", "staging.crt", "-noout", "-text"]);
    for part in [
        "DNS:localhost",
        "IP Address:127.0.0.1",
        "IP Address:0:0:0:0:0:0:0:1",
        "CA:FALSE",
        "TLS Web Server Authentication",
        "CRL Distribution Points",
        "NIST CURVE: P-256",
        "ecdsa-with-SHA256",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    // Valid for the 365 days from now that the document asks for, and no more.
    openssl(
        &folder,
        &["x509", "-in", "staging.crt", "-noout", "-checkend", &(365 * 86400 - 600).to_string()],
    );
    let too_long = Command::new("openssl")
        .current_dir(&folder)
        .args(["x509", "-in", "staging.crt", "-noout", "-checkend", &(365 * 86400 + 60).to_string()])
        .output()
        .unwrap();
    assert!(!too_long.status.success(), "it ends after 365 days");
    openssl(&folder, &["crl", "-inform", "der", "-in", "ca.crl", "-noout", "-CAfile", "ca.crt"]);
}

#[test]
fn keys_are_closed_and_a_deleted_certificate_is_made_again() {
    let workspace = blueprint("nextjs-postgres", "certs");
    let plan = workspace.stagectl(&["certs", "--dry-run", "--json"]).expect_code(0).json();
    assert_eq!(plan["actions"].as_array().unwrap().len(), 2);
    assert!(!workspace.path("nginx").exists(), "a dry run writes nothing");
    workspace.stagectl(&["certs"]).expect_code(0);
    for key in ["ca.key", "staging.key"] {
        let metadata = fs_err::metadata(workspace.path(format!("nginx/ssl-staging/{key}"))).unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o600, "{key}");
        if key == "staging.key" && rustix::process::geteuid().is_root() {
            assert_eq!(metadata.uid(), 101, "nginx reads its key");
        }
    }
    assert!(workspace.stagectl(&["certs"]).expect_code(0).stdout.contains("nothing to do"));
    let authority = workspace.read("nginx/ssl-staging/ca.crt");
    fs_err::remove_file(workspace.path("nginx/ssl-staging/staging.crt")).unwrap();
    let outcome = workspace.stagectl(&["certs"]).expect_code(0);
    assert!(outcome.stdout.contains("staging.crt does not exist"), "{}", outcome.stdout);
    assert_eq!(
        workspace.read("nginx/ssl-staging/ca.crt"),
        authority,
        "whoever trusts the authority goes on doing so"
    );
    let before = workspace.read("nginx/ssl-staging/staging.crt");
    workspace.stagectl(&["certs", "--force"]).expect_code(0);
    assert_ne!(workspace.read("nginx/ssl-staging/staging.crt"), before);
}
