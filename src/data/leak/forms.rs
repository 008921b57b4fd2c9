//! Values that are known by their form wherever they stand: e-mail addresses, telephone and other long
//! numbers, IBANs, IP addresses. Production's rows and the new database are read with the same eyes.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::tokens::{Key, Token, Tokens};

/// A value found by its form, as its fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form<'t> {
    Email {
        fingerprint: u64,
        host: &'t str,
    },
    /// 7 to 19 digits, whatever stands between them.
    Number {
        fingerprint: u64,
        digits: usize,
        writing: Writing,
    },
    Iban(u64),
    Ip(u64),
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writing {
    /// Nothing but digits: it could be anything.
    Bare,
    /// In groups: so are prices and numbers of orders.
    Grouped,
    /// As telephone numbers are: `+49 …`, `(030) …`, `0170 …`, `202-555-0143`.
    Dialled,
}

pub const DIGITS: std::ops::RangeInclusive<usize> = 7..=19;
const EMAIL: u64 = 0x01;
const NUMBER: u64 = 0x02;
const IBAN: u64 = 0x03;
const IP: u64 = 0x04;
/// An IBAN is this long without its spaces.
const IBAN_CHARS: std::ops::RangeInclusive<usize> = 15..=34;

/// The fingerprint of an IBAN that is the whole text.
pub fn iban(key: Key, text: &str) -> Option<u64> {
    let compact: Vec<u8> =
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect();
    IBAN_CHARS.contains(&compact.len()).then(|| key.fold(key.bytes(compact), IBAN))
}

/// The fingerprint of a number that is the whole text, and how many digits it has.
pub fn number(key: Key, text: &str) -> Option<(u64, usize)> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let value =
        text.bytes().filter(u8::is_ascii_digit).fold(0_u64, |n, b| n.wrapping_mul(10) + u64::from(b - b'0'));
    DIGITS.contains(&digits).then(|| (number_of(key, digits, value), digits))
}

/// The fingerprint of an e-mail address.
pub fn address_of(key: Key, address: &str) -> u64 {
    let lower = if address.is_ascii() {
        key.bytes(address.bytes().map(|byte| byte.to_ascii_lowercase()))
    } else {
        key.bytes(address.to_lowercase().bytes())
    };
    key.fold(lower, EMAIL)
}

/// Every value with a form of its own. `normal` and `tokens` are of one text.
pub fn each<'t>(key: Key, normal: &'t str, tokens: &Tokens, found: &mut impl FnMut(Form<'t>)) {
    for &at in &tokens.ats {
        if let Some(address) = email(normal, at) {
            let fingerprint = address_of(key, address);
            found(Form::Email { fingerprint, host: address.rsplit_once('@').map_or("", |(_, host)| host) });
        }
    }
    let list = &tokens.list;
    for at in 0..list.len() {
        let token = &list[at];
        if token.is_number() {
            numbers(key, normal, &list[at..], found);
            if let Some(address) = ipv4(normal, &list[at..]) {
                found(Form::Ip(key.fold(address, IP)));
            }
        } else if token.digits >= 2 {
            ibans(key, normal, &list[at..], found);
        }
    }
    if tokens.marks.colons > 1 {
        let run = |c: char| !(c.is_ascii_hexdigit() || c == ':');
        for address in normal.split(run).filter_map(|run| run.parse::<Ipv6Addr>().ok()) {
            if is_somebodys_v6(address) {
                let bits = address.to_bits();
                found(Form::Ip(key.fold(key.fold(bits as u64, (bits >> 64) as u64), IP)));
            }
        }
    }
}

/// The address around an `@`.
pub fn email(text: &str, at: usize) -> Option<&str> {
    let local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let before = &text[..at];
    let after = &text[at + 1..];
    let start = before
        .rfind(|c| !local(c))
        .map_or(0, |end| end + before[end..].chars().next().map_or(0, char::len_utf8));
    let end = after.find(|c| !host(c)).unwrap_or(after.len());
    let name = before[start..].trim_start_matches(['.', '-', '%']);
    let domain = after[..end].trim_end_matches(['.', '-']);
    let top = domain.rsplit_once('.')?.1;
    let whole = !name.is_empty() && !domain.starts_with(['.', '-']) && top.chars().count() >= 2;
    (whole && top.chars().all(|c| c.is_alphabetic() || c == '-'))
        .then(|| &text[at - name.len()..=at + domain.len()])
}

/// Every number that begins with the first token.
fn numbers<'t>(key: Key, normal: &'t str, list: &[Token], found: &mut impl FnMut(Form<'t>)) {
    let first = &list[0];
    let plus = normal[..first.start].ends_with('+');
    let opened = normal[..first.start].ends_with('(');
    let zero = normal.as_bytes()[first.start] == b'0' && first.digits >= 2;
    let (mut digits, mut value, mut end) = (0, 0_u64, first.start);
    for (at, token) in list.iter().take(8).enumerate() {
        if at > 0 && !(token.is_number() && parts_digits(&normal[end..token.start])) {
            break;
        }
        digits += token.digits;
        if digits > *DIGITS.end() {
            break;
        }
        for byte in normal[token.start..token.end].bytes() {
            value = value * 10 + u64::from(byte.wrapping_sub(b'0'));
        }
        end = token.end;
        if !DIGITS.contains(&digits) || is_date(normal, &list[..=at]) {
            continue;
        }
        let writing = match at {
            _ if plus || opened && at > 0 => Writing::Dialled,
            0 => Writing::Bare,
            _ if zero => Writing::Dialled,
            2 if matches!(list[..3], [a, b, c] if (a.digits, b.digits, c.digits) == (3, 3, 4)) => {
                Writing::Dialled
            }
            _ => Writing::Grouped,
        };
        found(Form::Number { fingerprint: number_of(key, digits, value), digits, writing });
    }
}

fn number_of(key: Key, digits: usize, value: u64) -> u64 {
    key.fold(key.fold(value, digits as u64), NUMBER)
}

/// What may stand between the digits of one number.
fn parts_digits(text: &str) -> bool {
    text.len() <= 4
        && text.chars().all(|c| matches!(c, ' ' | '(' | ')' | '-' | '.' | '/' | '\u{2010}'..='\u{2013}'))
}

/// `2026-01-31 …` or `31.01.2026 …`: digits in groups, and no number.
fn is_date(normal: &str, list: &[Token]) -> bool {
    let text = |token: &Token| &normal[token.start..token.end];
    let year = |token: &Token| token.digits == 4 && matches!(&text(token)[..2], "19" | "20");
    let short = |token: &Token| token.digits <= 2;
    match list {
        [a, b, c, ..] => year(a) && short(b) && short(c) || short(a) && short(b) && year(c),
        _ => false,
    }
}

/// Every IBAN that begins with the first token.
fn ibans<'t>(key: Key, normal: &'t str, list: &[Token], found: &mut impl FnMut(Form<'t>)) {
    let bytes = normal.as_bytes();
    let head = &bytes[list[0].start..list[0].end];
    let [a, b, c, d, ..] = head else { return };
    if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit()) {
        return;
    }
    let (mut compact, mut end) = ([0_u8; 34], list[0].start);
    let mut length = 0;
    for token in list {
        let word = &bytes[token.start..token.end];
        let apart = if length == 0 { 0 } else { token.start - end };
        if apart > 1 || length + word.len() > *IBAN_CHARS.end() || !word.is_ascii() {
            return;
        }
        for byte in word {
            compact[length] = byte.to_ascii_lowercase();
            length += 1;
        }
        end = token.end;
        if IBAN_CHARS.contains(&length) {
            found(Form::Iban(key.fold(key.bytes(compact[..length].iter().copied()), IBAN)));
        }
    }
}

/// A public address that begins with the first token.
fn ipv4(normal: &str, list: &[Token]) -> Option<u64> {
    let [first, .., last] = list.get(..4)? else { return None };
    if last.end - first.start > 15 || !list[..4].iter().all(Token::is_number) {
        return None;
    }
    let address: Ipv4Addr = normal[first.start..last.end].parse().ok()?;
    is_somebodys_v4(address).then(|| u64::from(address.to_bits()))
}

/// Addresses that stand in every network prove nothing.
fn is_somebodys_v4(address: Ipv4Addr) -> bool {
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_broadcast()
        || address.octets()[0] == 0)
}

fn is_somebodys_v6(address: Ipv6Addr) -> bool {
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local())
        && address.segments()[..2] != [0x2001, 0x0db8]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key([7, 0x9e37_79b9_7f4a_7c15]);

    fn forms(text: &str) -> Vec<Form<'static>> {
        let mut tokens = Tokens::new(KEY);
        let normal: &'static str = tokens.read(text).into_owned().leak();
        let mut found = Vec::new();
        each(KEY, normal, &tokens, &mut |form| found.push(form));
        found
    }

    fn has_number(text: &str, digits: &str) -> Option<Writing> {
        let (wanted, _) = number(KEY, digits).unwrap();
        forms(text).into_iter().find_map(|form| match form {
            Form::Number { fingerprint, writing, .. } if fingerprint == wanted => Some(writing),
            _ => None,
        })
    }

    #[test]
    fn a_number_is_its_digits_however_it_is_written() {
        assert_eq!(has_number("call +49 (170) 123-4567 now", "491701234567"), Some(Writing::Dialled));
        assert_eq!(has_number("0170/1234567", "01701234567"), Some(Writing::Dialled));
        assert_eq!(has_number("170 1234567", "1701234567"), Some(Writing::Grouped));
        assert_eq!(has_number("id 491701234567.", "491701234567"), Some(Writing::Bare));
        assert_eq!(has_number("4917012345678", "491701234567"), None);
        assert_eq!(has_number("2026-01-31 10:11", "2026013110"), None);
        assert_eq!(has_number("31.01.2026 10", "3101202610"), None);
    }

    #[test]
    fn addresses_are_cut_out_of_their_surroundings() {
        for text in [
            "Jane.Doe@Real.example",
            "<jane.doe@real.example>",
            "a=jane.doe@real.example.",
            "(jane.doe@real.example-)",
        ] {
            let Form::Email { fingerprint, .. } = forms(text)[0] else { panic!("{text}") };
            assert!(
                matches!(forms("jane.doe@real.example")[0], Form::Email { fingerprint: f, .. } if f == fingerprint)
            );
        }
        for text in ["@real.example", "jane@", "jane@localhost", "a @ b.example"] {
            assert!(forms(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn ibans_and_ip_addresses_are_known_by_their_form() {
        let wanted = Form::Iban(iban(KEY, "DE89370400440532013000").unwrap());
        for text in ["DE89 3704 0044 0532 0130 00", "to de89370400440532013000 please"] {
            assert!(forms(text).contains(&wanted), "{text}");
        }
        let ip = |text: &str| forms(text).iter().filter(|form| matches!(form, Form::Ip(_))).count();
        assert_eq!(ip("from 81.2.69.142:443"), 1);
        assert_eq!(ip("[2a02:8108:140:4f::1]"), 1);
        for text in ["10.0.0.1", "127.0.0.1", "at 10:11:12.13", "2001:db8::1", "version 1.2.3"] {
            assert_eq!(ip(text), 0, "{text}");
        }
        assert_eq!(forms("2A02:8108:0140:004f:0::1"), forms("2a02:8108:140:4f::1"));
    }
}
