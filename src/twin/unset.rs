//! Variables of production that are not known here: where its compose file asks for a credential, the twin makes one.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::credential;

static EXPRESSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?|\$([A-Za-z_][A-Za-z0-9_]*)").ok()
});

/// The names of credentials that a compose file's expressions ask for without a default.
pub fn credentials(text: &str) -> BTreeSet<String> {
    let Some(expression) = EXPRESSION.as_ref() else { return BTreeSet::new() };
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let asked =
        lines.flat_map(|line| expression.captures_iter(line).collect::<Vec<_>>()).filter_map(|found| {
            let name = found.get(1).or_else(|| found.get(3))?.as_str();
            let has_default = found.get(2).is_some_and(|operator| !operator.as_str().ends_with('?'));
            (!has_default && credential::is_name(name)).then(|| name.to_owned())
        });
    asked.collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn credentials_without_a_default_are_found() {
        let text = "a: ${DB_PASSWORD}\nb: ${API_TOKEN:?set it}\nc: ${JWT_SECRET:-x}\nd: $SMTP_PASS\ne: ${HOST}\n\
                    f: $${NO_PASSWORD}\n# ${OLD_PASSWORD}\n";
        assert_eq!(Vec::from_iter(super::credentials(text)), ["API_TOKEN", "DB_PASSWORD", "SMTP_PASS"]);
    }
}
