//! A password that is not in the URL: `PGPASSWORD`, else libpq's password file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::model::DatabaseAddress;

/// Looks the password up as libpq does.
pub(super) fn password(address: &DatabaseAddress) -> Option<String> {
    if let Ok(password) = std::env::var("PGPASSWORD") {
        return Some(password);
    }
    let path = std::env::var_os("PGPASSFILE").map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME")?;
        Some(PathBuf::from(home).join(".pgpass"))
    })?;
    let mode = fs_err::metadata(&path).ok()?.permissions().mode();
    // As libpq: a file that others can read is no place for a password.
    if mode & 0o077 != 0 {
        return None;
    }
    look_up(&fs_err::read_to_string(&path).ok()?, address)
}

/// The last field of the first line whose other fields match: `host:port:database:user:password`.
fn look_up(text: &str, address: &DatabaseAddress) -> Option<String> {
    let socket = address.host.starts_with('/');
    let port = address.port.to_string();
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [host, on, database, user, password] = fields.as_slice() else { return None };
        let is = |field: &str, value: &str| field == "*" || field == value;
        let here = is(host, &address.host) || (socket && host == "localhost");
        (here && is(on, &port) && is(database, &address.name) && is(user, &address.user))
            .then(|| password.clone())
    })
}

/// `\:` and `\\` stand for the characters themselves.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            '\\' => characters.next(),
            other => Some(other),
        };
        if let (Some(field), Some(literal)) = (fields.last_mut(), literal) {
            field.push(literal);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_matches_counts() {
        let text = "# a comment\nother:*:*:*:no\nh:5433:*:u:later\nh:5432:d:u:a\\:b\\\\c\n*:*:*:*:last\n";
        let address = |port| DatabaseAddress {
            host: "h".into(),
            port,
            name: "d".into(),
            user: "u".into(),
            password: String::new().into(),
            encryption: crate::model::Encryption::Prefer,
        };
        assert_eq!(look_up(text, &address(5432)).as_deref(), Some("a:b\\c"));
        assert_eq!(look_up(text, &address(5433)).as_deref(), Some("later"));
        assert_eq!(look_up(text, &address(1)).as_deref(), Some("last"));
    }
}
