//! SEC-001, SEC-002: which protocols, suites and groups the proxy still agrees to.

use std::time::Duration;

use anyhow::Result;

use crate::http::Target;
use crate::report::Severity;
use crate::tls::{self, Answer, ClientHello, Group, Suite, Version};
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check {
    quick: true,
    severity: Severity::Blocker,
    timeout: Duration::from_secs(20),
    needs: &[Need::Tls],
    ..Check::base(Category::Security)
};

pub const CHECKS: &[Check] = &[
    Check {
        id: "SEC-001",
        title: "only TLS 1.2 and 1.3 are spoken",
        expected: "SSLv3, TLS 1.0 and TLS 1.1 are refused; TLS 1.2 and TLS 1.3 are agreed to",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, http block: `ssl_protocols TLSv1.2 TLSv1.3;`",
        run: |facts| Box::pin(async move { report(protocols(facts).await) }),
        ..BASE
    },
    Check {
        id: "SEC-002",
        title: "only strong suites and groups, no compression, no early data",
        expected: "TLS 1.2 suites with ECDHE and AEAD only, groups of at least 256 bits with X25519 or \
                   P-256 among them, no DEFLATE, no 0-RTT",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, http block: `ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:\
                 ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
                 ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;` and \
                 `ssl_ecdh_curve X25519:prime256v1:secp384r1;`, without `ssl_early_data`",
        run: |facts| Box::pin(async move { report(strength(facts).await) }),
        ..BASE
    },
];

fn report(outcome: Result<Outcome>) -> Outcome {
    outcome.unwrap_or_else(|error| Outcome::error(format!("{error:#}")))
}

fn target(facts: &Facts) -> Result<&Target> {
    Ok(&facts.front.shown().map_err(anyhow::Error::msg)?.target)
}

async fn protocols(facts: &Facts) -> Result<Outcome> {
    let target = target(facts)?;
    let mut answers = Vec::new();
    for version in Version::OBSOLETE.into_iter().chain([Version::TLS12, Version::TLS13]) {
        let hello = ClientHello::new(version, &target.name);
        answers.push((version, tls::ask(target.address, &hello).await?));
    }
    Ok(judge_protocols(&answers))
}

fn judge_protocols(answers: &[(Version, Answer)]) -> Outcome {
    let seen = answers.iter().map(|(version, answer)| format!("{}: {}", version.name(), answer.word()));
    let spoken: Vec<Version> = answers.iter().filter(|(v, a)| a.agrees_on(*v)).map(|(v, _)| *v).collect();
    let names: Vec<&str> = spoken.iter().map(|version| version.name()).collect();
    let found = format!("speaks {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    if spoken == [Version::TLS12, Version::TLS13] {
        Outcome::pass(found)
    } else {
        Outcome::fail(found).evidence(seen)
    }
}

/// What the proxy agreed to.
#[derive(Debug, Default)]
struct Strength {
    suites: Vec<Suite>,
    groups: Vec<Group>,
    compression: bool,
    early_data: bool,
}

async fn strength(facts: &Facts) -> Result<Outcome> {
    let Target { address, name } = target(facts)?;
    // Each question is a connection of its own; a server of one core answers them one after the other.
    let suites = tls::accepted_suites(*address, name, Version::TLS12).await?;
    let mut groups = tls::accepted_groups(*address, name, Version::TLS13).await?;
    for group in tls::accepted_groups(*address, name, Version::TLS12).await? {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let compression = tls::compression(*address, name).await?;
    // A server that speaks no TLS 1.3 has no early data; that it does not speak it is SEC-001's matter.
    let early_data = tls::offers_early_data(*address, name).await.unwrap_or(false);
    Ok(judge_strength(&Strength { suites, groups, compression, early_data }))
}

fn judge_strength(strength: &Strength) -> Outcome {
    let mut problems: Vec<String> = strength
        .suites
        .iter()
        .filter(|suite| !suite.is_modern())
        .map(|suite| format!("accepts {} (TLS 1.2)", suite.name()))
        .collect();
    problems.extend(
        strength.groups.iter().filter(|g| !g.is_strong()).map(|g| format!("accepts the group {}", g.name())),
    );
    if !strength.groups.iter().any(|group| matches!(group.0, 23 | 29)) {
        problems.push("offers neither X25519 nor P-256".to_owned());
    }
    if strength.compression {
        problems.push("compresses (CRIME)".to_owned());
    }
    if strength.early_data {
        problems.push("takes early data, which can be replayed".to_owned());
    }
    let groups: Vec<&str> = strength.groups.iter().map(|group| group.name()).collect();
    match problems.as_slice() {
        [] => Outcome::pass(format!(
            "{} suites of TLS 1.2, groups {}",
            strength.suites.len(),
            groups.join(", ")
        )),
        [first, ..] => Outcome::fail(first.clone()).evidence(problems),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;
    use crate::tls::Alert;

    fn hello(version: Version) -> Answer {
        Answer::Hello { version, suite: Suite(0xc02f), compression: 0, group: None }
    }

    fn protocols_of(spoken: &[Version]) -> Status {
        let all = [Version::SSL3, Version::TLS10, Version::TLS11, Version::TLS12, Version::TLS13];
        let answers: Vec<_> = all
            .into_iter()
            .map(|v| (v, if spoken.contains(&v) { hello(v) } else { Answer::Alert(Alert(70)) }))
            .collect();
        judge_protocols(&answers).status
    }

    #[test]
    fn an_old_protocol_or_a_missing_new_one_fails() {
        assert_eq!(protocols_of(&[Version::TLS12, Version::TLS13]), Status::Pass);
        assert_eq!(protocols_of(&[Version::TLS11, Version::TLS12, Version::TLS13]), Status::Fail);
        assert_eq!(protocols_of(&[Version::TLS12]), Status::Fail);
        assert_eq!(protocols_of(&[]), Status::Fail);
    }

    #[test]
    fn a_weak_suite_group_or_feature_fails() {
        let good = || Strength {
            suites: Suite::modern(),
            groups: vec![Group(29), Group(23)],
            ..Strength::default()
        };
        assert_eq!(judge_strength(&good()).status, Status::Pass);
        let weak = Strength { suites: vec![Suite(0xc013)], ..good() };
        assert!(judge_strength(&weak).found.contains("ECDHE-RSA-AES128-SHA"));
        assert_eq!(judge_strength(&weak).status, Status::Fail);
        assert_eq!(judge_strength(&Strength { groups: vec![Group(24)], ..good() }).status, Status::Fail);
        assert_eq!(
            judge_strength(&Strength { groups: vec![Group(29), Group(21)], ..good() }).status,
            Status::Fail
        );
        assert_eq!(judge_strength(&Strength { compression: true, ..good() }).status, Status::Fail);
        assert_eq!(judge_strength(&Strength { early_data: true, ..good() }).status, Status::Fail);
    }
}
