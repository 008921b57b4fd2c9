//! No secret in a result: known values, keys by their shape, and passwords in URLs are cut out.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Outcome;

static SHAPES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b((?:sk|rk|pk|whsec)_(?:live|test)?_?)[A-Za-z0-9]{4,}", "${1}****"),
        (r"\b(AKIA)[A-Z0-9]{12,}", "${1}****"),
        (r"\b(gh[pousr]_)[A-Za-z0-9]{20,}", "${1}****"),
        (r"(://[^:/@\s]*:)[^@/\s]+@", "${1}****@"),
    ]
    .into_iter()
    .filter_map(|(pattern, with)| Some((Regex::new(pattern).ok()?, with)))
    .collect()
});

/// Cuts secrets out of texts.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: BTreeSet<String>,
}

impl Redactor {
    pub fn new(secrets: BTreeSet<String>) -> Self {
        Self { secrets }
    }

    pub fn text(&self, text: &str) -> String {
        // The longest first: one secret may contain another.
        let mut secrets: Vec<&String> = self.secrets.iter().filter(|secret| !secret.is_empty()).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut out = text.to_owned();
        for secret in secrets {
            out = out.replace(secret.as_str(), "****");
        }
        for (shape, with) in SHAPES.iter() {
            out = shape.replace_all(&out, *with).into_owned();
        }
        out
    }

    pub fn outcome(&self, outcome: Outcome) -> Outcome {
        Outcome {
            status: outcome.status,
            found: self.text(&outcome.found),
            evidence: outcome.evidence.iter().map(|line| self.text(line)).collect(),
            ..outcome
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_keys_and_passwords_of_urls_do_not_pass() {
        let redactor = Redactor::new(BTreeSet::from(["hunter2hunter2".to_owned()]));
        let text = redactor.text(
            "PW=hunter2hunter2 KEY=sk_live_abcdefghijkl AWS=AKIAABCDEFGHIJKLMNOP redis://:topsecret@h:1/0",
        );
        assert_eq!(text, "PW=**** KEY=sk_live_**** AWS=AKIA**** redis://:****@h:1/0");
    }
}
