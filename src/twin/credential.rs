//! What looks like a credential: by its value, by the name of its variable, by the option before it.

use std::sync::LazyLock;

use regex::Regex;

/// Keys that a provider marks as live, and private keys: credentials whatever the variable is called.
static LIVE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:[srp]k_live_|whsec_)[A-Za-z0-9]{4,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}",
        r"|\bgh[posru]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}",
        r"|\bxox[abprs]-[0-9A-Za-z-]{10,}|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bAIza[0-9A-Za-z_-]{30,}",
        r"|\bsk-[A-Za-z0-9_-]{20,}|\bnpm_[A-Za-z0-9]{30,}|\bkey-[0-9a-f]{32}\b|\bAC[0-9a-f]{32}\b",
        r"|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    ))
    .ok()
});

/// Options whose value is a password.
static OPTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^--?(?:[a-z0-9.-]*[-.])?(?:requirepass|masterauth|pass(?:word|wd)?|secret|token|api-?key|auth-?key|license-?key)(=|$)")
        .ok()
});

/// Parts of names that say that a value is secret.
const SECRET: [&str; 16] = [
    "PASSWORD",
    "PASSWD",
    "PASS",
    "PWD",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "KEY",
    "APIKEY",
    "SALT",
    "CREDENTIAL",
    "CREDENTIALS",
    "PASSPHRASE",
    "SIGNATURE",
    "REQUIREPASS",
    "PEPPER",
];
/// Last parts of names that say that the value only describes the secret: its place, its kind, its life.
const ABOUT: [&str; 33] = [
    "FILE",
    "PATH",
    "DIR",
    "NAME",
    "TYPE",
    "LENGTH",
    "SIZE",
    "TTL",
    "EXPIRY",
    "EXPIRATION",
    "EXPIRES",
    "LIFETIME",
    "MINUTES",
    "SECONDS",
    "HOURS",
    "DAYS",
    "HOUR",
    "IN",
    "AGE",
    "ALGORITHM",
    "ALG",
    "HEADER",
    "ENABLED",
    "DISABLED",
    "URL",
    "URI",
    "ENDPOINT",
    "COUNT",
    "POLICY",
    "PREFIX",
    "FIELD",
    "METHOD",
    "ISSUER",
];

/// A key that a provider marks as live.
pub fn is_live(value: &str) -> bool {
    LIVE.as_ref().is_some_and(|live| live.is_match(value))
}

/// A variable whose name says that it holds a secret: `POSTGRES_PASSWORD`, `apiKey`, `db.password`.
pub fn is_name(name: &str) -> bool {
    let parts = parts(name);
    let Some(last) = parts.last() else { return false };
    let public = parts.iter().any(|part| part == "PUBLIC") && last == "KEY";
    // `AWS_ACCESS_KEY_ID` names an account; `KEY_ID` alone is as secret.
    let about = ABOUT.contains(&last.as_str());
    !public
        && !about
        && parts.iter().any(|part| SECRET.contains(&part.as_str()) || part.ends_with("PASSWORD"))
}

/// The words of a name, in capitals; a change of case in the middle parts words.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut previous_lower = false;
    for c in name.chars() {
        let starts = c.is_ascii_uppercase() && previous_lower;
        if starts || !c.is_ascii_alphanumeric() {
            parts.push(String::new());
        }
        if let (true, Some(part)) = (c.is_ascii_alphanumeric(), parts.last_mut()) {
            part.push(c.to_ascii_uppercase());
        }
        previous_lower = c.is_ascii_lowercase();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// A value that can be a secret: no switch, no number of minutes, no path, no words for people.
pub fn is_value(value: &str) -> bool {
    let switch = ["true", "false", "yes", "no", "on", "off", "none", "null", "auto", "required", "optional"];
    let small_number = value.len() < 5 && value.bytes().all(|byte| byte.is_ascii_digit());
    let path = value.starts_with(['/', '.', '~']) && !value.ends_with('=');
    !value.is_empty()
        && !small_number
        && !path
        && !value.contains("://")
        && !switch.contains(&value.to_ascii_lowercase().as_str())
}

/// True where a variable holds a credential.
pub fn is_credential(name: &str, value: &str) -> bool {
    is_live(value) || is_name(name) && is_value(value)
}

/// The position in `words` of each password that an option gives, and where it starts in its word.
pub fn in_words(words: &[String]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let Some(option) = OPTION.as_ref() else { return found };
    for (index, word) in words.iter().enumerate() {
        let Some(hit) = option.find(word) else { continue };
        let separate = !hit.as_str().ends_with('=');
        if !separate && is_value(&word[hit.end()..]) {
            found.push((index, hit.end()));
        } else if separate
            && words.get(index + 1).is_some_and(|next| is_value(next) && !next.starts_with('-'))
        {
            found.push((index + 1, 0));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_about_secrets() {
        for name in [
            "POSTGRES_PASSWORD",
            "MYSQL_ROOT_PASSWORD",
            "SECRET_KEY_BASE",
            "DJANGO_SECRET_KEY",
            "stripeApiKey",
            "JWT_SECRET",
            "AWS_ACCESS_KEY_ID",
            "AUTH_SALT",
            "db.password",
            "PGPASSWORD",
            "SMTP_PASS",
            "API_TOKEN",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "POSTGRES_PASSWORD_FILE",
            "TOKEN_TTL",
            "JWT_EXPIRES_IN",
            "KEYBOARD",
            "MONKEY",
            "PUBLIC_KEY",
            "PASSENGERS",
            "SECRET_NAME",
            "PASSWORD_MIN_LENGTH",
            "AUTH_TOKEN_HEADER",
            "TZ",
            "POSTGRES_USER",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn live_keys_are_known_by_their_value() {
        for value in [
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_0123456789abcdefghij0123",
            "-----BEGIN RSA PRIVATE KEY-----",
            "SG.aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbb",
        ] {
            assert!(is_live(value), "{value}");
        }
        for value in
            ["sk_test_4eC39HqLyjWDarjt", "postgres", "example.com", "akia", "task-runner-of-the-backend-app"]
        {
            assert!(!is_live(value), "{value}");
        }
    }

    #[test]
    fn passwords_on_a_command_line_are_found() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(in_words(&words("redis-server --requirepass hunter2 --appendonly yes")), [(2, 0)]);
        assert_eq!(in_words(&words("tool --db-password=hunter2 --token-ttl 60")), [(1, 14)]);
        assert_eq!(in_words(&words("redis-server --appendonly yes")), []);
    }
}
