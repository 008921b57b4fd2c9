//! Words that all parts share. No effects here.

use secrecy::SecretString;

/// Where a PostgreSQL database answers, and as whom.
#[derive(Debug, Clone)]
pub struct DatabaseAddress {
    pub host: String,
    pub port: u16,
    pub name: String,
    pub user: String,
    pub password: SecretString,
}

impl DatabaseAddress {
    /// The same server and role, another database.
    #[must_use]
    pub fn database(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }
}

/// Where a Redis answers.
#[derive(Debug, Clone)]
pub struct CacheAddress {
    pub host: String,
    pub port: u16,
    pub password: Option<SecretString>,
}

/// Quotes an SQL identifier.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes an SQL literal, for the statements that take no parameters.
pub fn quote_literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_names() {
        assert_eq!(quote_identifier("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(quote_literal("o'k"), "'o''k'");
        assert_eq!(quote_literal("a\\'b"), " E'a\\\\''b'");
    }
}
