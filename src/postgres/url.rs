//! Database URLs as libpq writes them: with `sslmode` and `sslrootcert`, and with a password that may
//! stand elsewhere (`PGPASSWORD`, the password file).

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::passfile;
use crate::failure::Failure;
use crate::model::{DatabaseAddress, Encryption};

/// Parameters that our driver does not know, or knows other values of.
const ENCRYPTION: [&str; 2] = ["sslmode", "sslrootcert"];

/// What a URL says.
#[derive(Clone)]
pub(super) struct Location {
    pub config: Config,
    pub encryption: Encryption,
}

/// Reads a URL, or `name=value` pairs. A password that is not in it is looked up as libpq does.
///
/// # Errors
/// Refuses one that cannot be read; the message never quotes it.
pub(super) fn read(url: &str) -> Result<Location, Failure> {
    let (rest, parameters) = take_parameters(url);
    // The parser's message may quote the URL, and with it the password.
    let mut config: Config = rest.parse().map_err(|_| {
        Failure::config("the database URL cannot be read")
            .hint("it must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    })?;
    let value = |name: &str| parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value);
    let roots = value("sslrootcert").filter(|roots| *roots != "system").map(PathBuf::from);
    let encryption = match value("sslmode").map(String::as_str) {
        Some("disable") => Encryption::Disable,
        // A file of roots is given to be used.
        Some("require") if roots.is_some() => Encryption::VerifyCa(roots),
        Some("require") => Encryption::Require,
        Some("verify-ca") => Encryption::VerifyCa(roots),
        Some("verify-full") => Encryption::VerifyFull(roots),
        None if value("sslrootcert").is_some() => Encryption::VerifyFull(roots),
        None | Some("prefer" | "allow") => Encryption::Prefer,
        Some(other) => {
            return Err(Failure::config(format!("`sslmode={other}` is not known"))
                .hint("disable, prefer, require, verify-ca or verify-full"));
        }
    };
    if config.get_password().is_none()
        && let Some(password) = passfile::password(&address_of(&config, &encryption))
    {
        config.password(password);
    }
    Ok(Location { config, encryption })
}

/// Where a URL leads, and as whom.
///
/// # Errors
/// Refuses one that cannot be read; the message never quotes it.
pub fn address(url: &str) -> Result<DatabaseAddress, Failure> {
    let Location { config, encryption } = read(url)?;
    Ok(address_of(&config, &encryption))
}

fn address_of(config: &Config, encryption: &Encryption) -> DatabaseAddress {
    let host = config.get_hosts().first().map_or_else(
        || "localhost".to_owned(),
        |host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        },
    );
    let user = config.get_user().unwrap_or_default();
    DatabaseAddress {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        name: config.get_dbname().unwrap_or(user).to_owned(),
        user: user.to_owned(),
        password: String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned().into(),
        encryption: encryption.clone(),
    }
}

/// Takes the parameters of [`ENCRYPTION`] out of a URL or of `name=value` pairs.
fn take_parameters(url: &str) -> (String, Vec<(String, String)>) {
    let (head, query, between) = match url.split_once('?') {
        Some((head, query)) if url.contains("://") => (format!("{head}?"), query, '&'),
        None if url.contains("://") => return (url.to_owned(), Vec::new()),
        _ => (String::new(), url, ' '),
    };
    let (mut kept, mut taken) = (Vec::new(), Vec::new());
    for pair in query.split(between) {
        match pair.split_once('=').filter(|(name, _)| ENCRYPTION.contains(name)) {
            Some((name, value)) => taken.push((name.to_owned(), decoded(value))),
            None => kept.push(pair),
        }
    }
    let rest = head + &kept.join(&between.to_string());
    (rest.trim_end_matches('?').to_owned(), taken)
}

/// `%2F` is `/`.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The text with the password of every URL in it replaced by `****`: for reports and messages.
pub fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        // A password may hold an `@` or a `/` that should have been quoted: up to the last one.
        match url.rsplit_once('@').and_then(|(login, place)| Some((login.split_once(':')?.0, place))) {
            Some((user, place)) => out.push_str(&format!("{user}:****@{place}")),
            None => out.push_str(url),
        }
        rest = tail;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_a_broken_one_is_not_quoted() {
        let found = address("postgresql://u:p%40@h.example:5499/shop").unwrap();
        assert_eq!((found.host.as_str(), found.port, found.name.as_str()), ("h.example", 5499, "shop"));
        assert_eq!(found.encryption, Encryption::Prefer);
        let Err(error) = address("postgresql://u:topsecret@h:x/y") else { panic!("read") };
        assert!(!error.to_string().contains("topsecret"));
    }

    #[test]
    fn encryption_is_that_of_libpq() {
        let of = |query: &str| address(&format!("postgresql://u:p@h/d?{query}")).map(|a| a.encryption);
        assert_eq!(of("sslmode=disable").unwrap(), Encryption::Disable);
        assert_eq!(of("connect_timeout=3&sslmode=require").unwrap(), Encryption::Require);
        let roots = Some(PathBuf::from("/ca/root.crt"));
        assert_eq!(
            of("sslmode=verify-full&sslrootcert=%2Fca%2Froot.crt&connect_timeout=3").unwrap(),
            Encryption::VerifyFull(roots.clone())
        );
        assert_eq!(of("sslmode=require&sslrootcert=/ca/root.crt").unwrap(), Encryption::VerifyCa(roots));
        assert_eq!(of("sslmode=verify-full&sslrootcert=system").unwrap(), Encryption::VerifyFull(None));
        assert!(of("sslmode=verifyfull").unwrap_err().to_string().contains("verifyfull"));
        let pairs = address("host=/run/pg user=u password=p dbname=d sslmode=verify-ca").unwrap();
        assert_eq!((pairs.host.as_str(), pairs.encryption), ("/run/pg", Encryption::VerifyCa(None)));
    }

    #[test]
    fn passwords_are_taken_out_of_command_lines() {
        for (text, shown) in [
            ("copy --from postgresql://u:p@h/d --to x", "copy --from postgresql://u:****@h/d --to x"),
            ("a://u:p@ss/w@h/d b://v:q@i/e", "a://u:****@h/d b://v:****@i/e"),
            ("--to=postgresql://u:p/x@h/d", "--to=postgresql://u:****@h/d"),
            ("https://h/path", "https://h/path"),
            ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }
}
