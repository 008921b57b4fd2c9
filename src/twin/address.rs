//! Addresses in values: where a URL, a host or a mail address leads, and whether that is outside the project.

use std::net::IpAddr;
use std::ops::Range;

/// An address inside a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Lower case.
    pub host: String,
    /// Where the host stands in the text.
    pub at: Range<usize>,
    /// The scheme, where it is a URL.
    pub scheme: Option<String>,
    /// Where a URL's password stands.
    pub password: Option<Range<usize>>,
    /// A URL's end up to its path: what `http://localhost:8080` would replace.
    pub authority: Range<usize>,
}

/// Ends that make a word with dots in it a host rather than a file or a class.
const DOMAINS: [&str; 44] = [
    "com", "net", "org", "io", "dev", "app", "cloud", "ai", "co", "me", "tv", "info", "biz", "eu", "de",
    "fr", "uk", "nl", "ch", "at", "es", "it", "pl", "se", "no", "fi", "dk", "cz", "us", "ca", "au", "nz",
    "jp", "cn", "in", "br", "ru", "xyz", "tech", "online", "site", "shop", "internal", "lan",
];
/// Last words of a variable's name that make its value an address.
const NAMES: [&str; 18] = [
    "HOST",
    "HOSTNAME",
    "HOSTS",
    "DOMAIN",
    "DOMAINS",
    "SERVER",
    "SERVERS",
    "ENDPOINT",
    "URL",
    "URI",
    "ORIGIN",
    "ORIGINS",
    "ADDR",
    "ADDRESS",
    "BROKER",
    "BROKERS",
    "NAMESERVER",
    "RELAY",
];

/// True for a variable that holds addresses by its name.
pub fn is_name(name: &str) -> bool {
    name.to_ascii_uppercase()
        .rsplit(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .is_some_and(|last| NAMES.contains(&last))
}

/// Every address in a value. `named`: the variable's name says that it holds addresses.
pub fn find(text: &str, named: bool) -> Vec<Address> {
    let mut found = Vec::new();
    let mut start = 0;
    for word in text.split_inclusive(|c: char| {
        c.is_whitespace()
            || matches!(c, ',' | ';' | '"' | '\'' | '`' | '(' | ')' | '<' | '>' | '|' | '[' | ']')
    }) {
        let at = start;
        start += word.len();
        let word = word.trim_end_matches(|c: char| {
            c.is_whitespace()
                || matches!(c, ',' | ';' | '"' | '\'' | '`' | '(' | ')' | '<' | '>' | '|' | '[' | ']')
        });
        // `--url=https://…`, `Host=db.example.com`: an address begins after the sign.
        let skip = word
            .find("://")
            .map_or_else(|| word.rfind('='), |end| word[..end].rfind('='))
            .map_or(0, |at| at + 1);
        if let Some(address) = one(&word[skip..], at + skip, named) {
            found.push(address);
        }
    }
    found
}

fn one(word: &str, offset: usize, named: bool) -> Option<Address> {
    if let Some((scheme, rest)) = word.split_once("://") {
        let base = offset + scheme.len() + 3;
        let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        let (user, host, shift) = match authority.rfind('@') {
            Some(at) => (Some(&authority[..at]), &authority[at + 1..], at + 1),
            None => (None, authority, 0),
        };
        let name = host_of(host);
        let password = user.and_then(|user| {
            let colon = user.find(':')?;
            (colon + 1 < user.len()).then(|| base + colon + 1..base + user.len())
        });
        if name.is_empty()
            || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        {
            return None;
        }
        return Some(Address {
            host: name.to_ascii_lowercase(),
            at: base + shift..base + shift + name.len(),
            scheme: Some(scheme.to_ascii_lowercase()),
            password,
            authority: offset..base + authority.len(),
        });
    }
    // A mail address, `user@tcp(host)` of Go, or a plain host with or without a port and a path.
    let shift = word.rfind('@').map_or(0, |at| at + 1);
    let name = host_of(&word[shift..]);
    let rest = &word[shift + name.len()..];
    let plain = rest.is_empty() || rest.starts_with([':', '/']);
    let mail = shift > 1 && name.contains('.') && is_host(name) && !ends_in_number(name);
    let domain =
        name.rsplit_once('.').is_some_and(|(_, last)| DOMAINS.contains(&last.to_ascii_lowercase().as_str()));
    let ip = name.parse::<IpAddr>().is_ok() && name.contains('.');
    // A network such as 10.0.0.0/8 leads nowhere.
    let network = ip && rest.starts_with('/');
    let host = plain
        && is_host(name)
        && !network
        && (domain || ip || named && name.contains(|c: char| c.is_ascii_alphabetic()));
    (mail || host).then(|| Address {
        host: name.to_ascii_lowercase(),
        at: offset + shift..offset + shift + name.len(),
        scheme: None,
        password: None,
        authority: offset + shift..offset + shift + name.len(),
    })
}

/// The host of `host:port`.
fn host_of(text: &str) -> &str {
    &text[..text.find([':', '/', '?']).unwrap_or(text.len())]
}

fn is_host(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        })
}

fn ends_in_number(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// True for addresses that lead to no other machine, and those that the standards keep for nobody.
pub fn leads_nowhere(host: &str) -> bool {
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return ip.is_loopback() || ip.is_unspecified() || matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    }
    host == "localhost"
        || [".localhost", ".invalid", ".test"].iter().any(|end| host.ends_with(end))
        || !host.contains(|c: char| c.is_ascii_alphanumeric())
}

/// The name that stands in the twin for an address of production: it resolves nowhere, ever (RFC 2606).
pub fn stand_in(host: &str) -> String {
    format!("{}.staging.invalid", host.replace(['.', '_'], "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str, named: bool) -> Vec<String> {
        find(text, named).into_iter().map(|address| address.host).collect()
    }

    #[test]
    fn urls_hosts_and_mail_addresses_are_found() {
        for (text, named, wanted) in [
            ("https://shop.example.com/path?x=1", false, &["shop.example.com"][..]),
            ("postgres://app:pw@db.prod.internal:5432/x", false, &["db.prod.internal"]),
            ("redis://:pw@cache:6379/0", false, &["cache"]),
            ("https://a.example.com,https://b.example.com", false, &["a.example.com", "b.example.com"]),
            ("smtp.sendgrid.net:587", false, &["smtp.sendgrid.net"]),
            ("Shop <orders@example.com>", false, &["example.com"]),
            ("db-primary", true, &["db-primary"]),
            ("10.0.0.5", false, &["10.0.0.5"]),
            ("--url=https://api.example.com/v1", false, &["api.example.com"]),
            ("Server=sql.example.com;Database=x", false, &["sql.example.com"]),
        ] {
            assert_eq!(hosts(text, named), wanted, "{text}");
        }
        for text in [
            "config.json",
            "org.postgresql.Driver",
            "1.2.3",
            "10.0.0.0/8",
            "info",
            "true",
            "postgres",
            "a b c",
            "/srv/x.y",
        ] {
            assert_eq!(hosts(text, false), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn the_password_of_a_url_is_found_where_it_stands() {
        let text = "postgres://app:p@ss@db:5432/x";
        let address = &find(text, false)[0];
        assert_eq!(&text[address.password.clone().unwrap()], "p@ss");
        assert_eq!(&text[address.at.clone()], "db");
        assert_eq!(&text[address.authority.clone()], "postgres://app:p@ss@db:5432");
        assert_eq!(find("https://user@host.example.com/", false)[0].password, None);
    }
}
