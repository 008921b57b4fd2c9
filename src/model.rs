//! Words that all parts share. No effects here.

use std::path::PathBuf;

use secrecy::SecretString;

/// How a connection to PostgreSQL is secured, in libpq's words (`sslmode`, `sslrootcert`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Encryption {
    Disable,
    /// Encrypted where the server offers it, and whoever the server is.
    #[default]
    Prefer,
    /// Encrypted, whoever the server is.
    Require,
    /// Encrypted, by a server whose certificate these roots have signed; without a file, the public roots.
    VerifyCa(Option<PathBuf>),
    /// As `VerifyCa`, and the certificate is of the host's name.
    VerifyFull(Option<PathBuf>),
}

impl Encryption {
    /// The word of `sslmode`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa(_) => "verify-ca",
            Self::VerifyFull(_) => "verify-full",
        }
    }

    /// The file of `sslrootcert`.
    pub const fn roots(&self) -> Option<&PathBuf> {
        match self {
            Self::VerifyCa(roots) | Self::VerifyFull(roots) => roots.as_ref(),
            Self::Disable | Self::Prefer | Self::Require => None,
        }
    }
}

/// Where a PostgreSQL database answers, and as whom.
#[derive(Debug, Clone)]
pub struct DatabaseAddress {
    /// A name, an address, or the folder of a socket.
    pub host: String,
    pub port: u16,
    pub name: String,
    pub user: String,
    pub password: SecretString,
    pub encryption: Encryption,
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
