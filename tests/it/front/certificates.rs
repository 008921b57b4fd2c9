//! The certificate that is shown: each fault is made by openssl and laid where the proxy reads it.

use std::process::Command;

use super::twin::{READING, Twin};
use crate::support::engine_or_skip;

const FOLDER: &str = "nginx/ssl-staging";
const NAMES: &str = "DNS:localhost,IP:127.0.0.1";

/// Signs a new certificate for the proxy's key with the twin's CA.
fn sign(twin: &Twin, names: &str, from: &str, until: &str) {
    twin.workspace.write(
        "sign.cnf",
        &format!(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n\
             policy=any\nx509_extensions=leaf\nunique_subject=no\n[any]\ncommonName=supplied\n[leaf]\n\
             basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName={names}\n"
        ),
    );
    twin.workspace.write("index", "");
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl")
            .args(args)
            .current_dir(twin.workspace.path("."))
            .output()
            .expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let (key, ca, ca_key) =
        (format!("{FOLDER}/staging.key"), format!("{FOLDER}/ca.crt"), format!("{FOLDER}/ca.key"));
    openssl(&["req", "-new", "-key", &key, "-subj", "/CN=localhost", "-out", "request.pem"]);
    openssl(&[
        "ca",
        "-batch",
        "-notext",
        "-config",
        "sign.cnf",
        "-cert",
        &ca,
        "-keyfile",
        &ca_key,
        "-in",
        "request.pem",
        "-startdate",
        from,
        "-enddate",
        until,
        "-out",
        "signed.pem",
    ]);
    let signed = twin.workspace.read("signed.pem");
    twin.workspace.write(&format!("{FOLDER}/staging.crt"), &signed);
}

/// `YYMMDDhhmmssZ`, so many days from now.
fn day(offset: i64) -> String {
    let at = stagectl::clock::now() + jiff::SignedDuration::from_hours(24 * offset);
    at.strftime("%Y%m%d%H%M%SZ").to_string()
}

fn red(twin: &Twin) -> Vec<String> {
    twin.red(&READING).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn a_wrong_expired_or_stale_certificate_is_seen_by_its_check() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start();

    sign(&twin, NAMES, &day(-1), &day(80));
    assert_eq!(red(&twin), ["INF-013"], "the file is new, the proxy shows the old one");
    twin.restart();
    assert_eq!(red(&twin), [""; 0], "the proxy has read it");

    sign(&twin, "DNS:other.test", &day(-1), &day(80));
    twin.restart();
    assert_eq!(red(&twin), ["INF-011"], "another name");

    sign(&twin, NAMES, &day(-30), &day(-1));
    twin.restart();
    assert_eq!(red(&twin), ["INF-012"], "expired");

    sign(&twin, NAMES, &day(-1), &day(5));
    twin.restart();
    assert_eq!(red(&twin), ["INF-012"], "five days left");

    sign(&twin, NAMES, &day(-1), &day(900));
    twin.restart();
    assert_eq!(red(&twin), ["INF-012"], "a lifetime of years");

    twin.workspace.stagectl(&["certs", "--force"]).expect_code(0);
    twin.restart();
    assert_eq!(red(&twin), [""; 0], "made anew");
}
