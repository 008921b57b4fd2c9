//! INF-011 … INF-013: the certificate that the proxy shows.

use jiff::Timestamp;

use crate::report::{Measure, Severity, Unit};
use crate::tls::{Certificate, KeyType};
use crate::validation::facts::Facts;
use crate::validation::front::TlsFront;
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { quick: true, needs: &[Need::Tls], ..Check::base(Category::Infrastructure) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "INF-011",
        title: "the certificate is the twin's own and good for its names",
        severity: Severity::Blocker,
        expected: "signed by certificates' ca.crt, names localhost, 127.0.0.1 and every proxy.server_names, \
                   EC ≥ 256 or RSA ≥ 2048 bits, SHA-2, for servers, no CA",
        remedy: "run `stagectl certs --force`, then `stagectl restart` the proxy",
        run: |facts| Box::pin(async move { on(facts, chain) }),
        ..BASE
    },
    Check {
        id: "INF-012",
        title: "the certificate is valid now and for a while",
        severity: Severity::Blocker,
        expected: "valid now, at least 14 days left, a lifetime of at most 366 days",
        remedy: "run `stagectl certs --force` (certificates.days in stagectl.yml sets the lifetime), then \
                 `stagectl restart` the proxy",
        run: |facts| {
            Box::pin(async move { on(facts, |facts, shown| dates(&shown.handshake.chain, facts.now)) })
        },
        ..BASE
    },
    Check {
        id: "INF-013",
        title: "the proxy shows the certificate that lies on the disk",
        expected: "the SHA-256 fingerprint of the shown certificate equals that of staging.crt",
        remedy: "run `stagectl restart` with the proxy's service: nginx reads certificates at its start only",
        run: |facts| {
            Box::pin(async move { on(facts, |_, shown| same(&shown.handshake.chain, &shown.on_disk)) })
        },
        ..BASE
    },
];

fn on(facts: &Facts, judge: fn(&Facts, &TlsFront) -> Outcome) -> Outcome {
    match facts.front.shown() {
        Ok(shown) => judge(facts, shown),
        Err(cause) => Outcome::error(cause),
    }
}

fn chain(facts: &Facts, shown: &TlsFront) -> Outcome {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    names.extend(facts.settings.config.proxy.iter().flat_map(|proxy| proxy.server_names.clone()));
    judge_chain(&shown.handshake.chain, &shown.trusted, &names)
}

fn judge_chain(chain: &[Certificate], trusted: &Result<(), String>, names: &[String]) -> Outcome {
    let Some(leaf) = chain.first() else { return Outcome::fail("the proxy shows no certificate") };
    let mut problems = Vec::new();
    match trusted {
        // Dates are INF-012's.
        Err(cause) if !cause.contains("expired") && !cause.contains("not valid yet") => {
            problems.push(format!("a client that knows the CA refuses it: {cause}"));
        }
        _ => {}
    }
    problems.extend(
        names.iter().filter(|name| !leaf.covers(name)).map(|name| format!("it is not valid for `{name}`")),
    );
    let weak = match leaf.key {
        KeyType::Rsa(bits) => bits < 2048,
        KeyType::Ec(bits) => bits < 256,
        KeyType::Ed25519 => false,
        KeyType::Other => true,
    };
    if weak {
        problems.push(format!("its key is weak: {}", leaf.key));
    }
    if !leaf.modern_signature() {
        problems.push(format!("its signature is weak: {}", leaf.signature));
    }
    if leaf.is_ca {
        problems.push("it is a CA, which a server's certificate must not be".to_owned());
    }
    if !leaf.for_servers {
        problems.push("its extended key usage does not name servers".to_owned());
    }
    problems.extend(
        chain.iter().skip(1).filter(|c| c.subject == c.issuer).map(|_| "the root is sent along".to_owned()),
    );
    match problems.as_slice() {
        [] => Outcome::pass(format!("{} {}, for {}", leaf.key, leaf.signature, leaf.names.join(", "))),
        [first, ..] => Outcome::fail(first.clone()).evidence(problems),
    }
}

fn dates(chain: &[Certificate], now: Timestamp) -> Outcome {
    let Some(leaf) = chain.first() else { return Outcome::fail("the proxy shows no certificate") };
    let (left, lifetime) = (leaf.days_left(now), leaf.lifetime_days());
    let found = format!("{left} days left of {lifetime}, until {}", leaf.not_after);
    let outcome = if leaf.not_before > now {
        Outcome::fail(format!("not valid before {}", leaf.not_before))
    } else if left < 0 {
        Outcome::fail(format!("expired on {}", leaf.not_after))
    } else if left < 14 || lifetime > 366 {
        Outcome::fail(found)
    } else {
        Outcome::pass(found)
    };
    outcome.measures([
        Measure::new("days left", left as f64, Unit::Days, None),
        Measure::new("lifetime", lifetime as f64, Unit::Days, Some(366.0)),
    ])
}

fn same(chain: &[Certificate], on_disk: &Result<Certificate, String>) -> Outcome {
    let (Some(leaf), Ok(file)) = (chain.first(), on_disk) else {
        let cause = on_disk.as_ref().err().map_or("the proxy shows no certificate", String::as_str);
        return Outcome::error(format!("could not compare: {cause}"));
    };
    let short = |certificate: &Certificate| certificate.fingerprint.chars().take(16).collect::<String>();
    if leaf.fingerprint == file.fingerprint {
        Outcome::pass(format!("SHA-256 {}…", short(leaf)))
    } else {
        Outcome::fail(format!("shown {}…, on disk {}…", short(leaf), short(file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    fn good() -> Certificate {
        Certificate {
            subject: "CN=localhost".into(),
            issuer: "CN=twin CA".into(),
            names: vec!["localhost".into(), "127.0.0.1".into()],
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2026-12-31T00:00:00Z".parse().unwrap(),
            key: KeyType::Ec(256),
            signature: "ecdsa-with-SHA256".into(),
            is_ca: false,
            for_servers: true,
            fingerprint: "aa".repeat(32),
        }
    }

    fn judged(change: impl FnOnce(&mut Certificate), trusted: Result<(), String>) -> Status {
        let mut leaf = good();
        change(&mut leaf);
        judge_chain(&[leaf], &trusted, &["localhost".into(), "127.0.0.1".into()]).status
    }

    #[test]
    fn a_good_certificate_passes_and_each_fault_fails() {
        assert_eq!(judged(|_| (), Ok(())), Status::Pass);
        assert_eq!(judged(|_| (), Err("invalid peer certificate: UnknownIssuer".into())), Status::Fail);
        assert_eq!(judged(|c| c.names = vec!["other".into()], Ok(())), Status::Fail);
        assert_eq!(judged(|c| c.key = KeyType::Rsa(1024), Ok(())), Status::Fail);
        assert_eq!(judged(|c| c.signature = "sha1WithRSA".into(), Ok(())), Status::Fail);
        assert_eq!(judged(|c| c.is_ca = true, Ok(())), Status::Fail);
        assert_eq!(judged(|c| c.for_servers = false, Ok(())), Status::Fail);
        assert_eq!(judge_chain(&[], &Ok(()), &[]).status, Status::Fail);
    }

    #[test]
    fn an_expired_certificate_is_a_matter_of_its_dates_only() {
        assert_eq!(judged(|_| (), Err("invalid peer certificate: certificate expired".into())), Status::Pass);
        let at = |text: &str| dates(&[good()], text.parse().unwrap()).status;
        assert_eq!(at("2026-06-01T00:00:00Z"), Status::Pass);
        assert_eq!(at("2027-01-01T00:00:00Z"), Status::Fail);
        assert_eq!(at("2026-12-20T00:00:00Z"), Status::Fail);
        assert_eq!(at("2025-12-31T00:00:00Z"), Status::Fail);
        let long = Certificate { not_after: "2028-06-01T00:00:00Z".parse().unwrap(), ..good() };
        assert_eq!(dates(&[long], "2026-06-01T00:00:00Z".parse().unwrap()).status, Status::Fail);
    }

    #[test]
    fn another_certificate_on_the_disk_fails_and_none_is_an_error() {
        assert_eq!(same(&[good()], &Ok(good())).status, Status::Pass);
        let other = Certificate { fingerprint: "bb".repeat(32), ..good() };
        assert_eq!(same(&[good()], &Ok(other)).status, Status::Fail);
        assert_eq!(same(&[good()], &Err("no such file".into())).status, Status::Error);
    }
}
