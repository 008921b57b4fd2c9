//! What a value is by its form alone, with the check digits of those numbers that have some.

use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;

use super::Looks;

type Pattern = LazyLock<Option<Regex>>;

/// A regular expression, compiled when it is first asked for.
macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: Pattern = LazyLock::new(|| Regex::new($text).ok());
    };
}

pattern!(EMAIL, r"^[^@\s]+@[^@\s]+\.[^@\s]+$");
pattern!(TOKEN, r"^(?:[0-9a-fA-F]{32,}|[A-Za-z]{2,6}_[A-Za-z0-9_]{16,}|[A-Za-z0-9+/_-]{40,}=*)$");
pattern!(JWT, r"^eyJ[\w-]+\.[\w-]+\.[\w-]*$");
pattern!(PHONE, r"^[+(]?[0-9][0-9 ().\-/]{6,24}$");
pattern!(
    HASH,
    r"^(?:\$(?:1|5|6|2[abxy]?|y|7|argon2\w*|scrypt|pbkdf2[\w-]*|md5)\$|(?:pbkdf2|scrypt|bcrypt|argon2)[\w]*[:$]|\{S?SHA\d*\})"
);
pattern!(MAC, r"^(?:[0-9a-fA-F]{2}[:-]){5}(?:[0-9a-fA-F]{2}[:-]{1}[0-9a-fA-F]{2}[:-])?[0-9a-fA-F]{2}$");
pattern!(
    AGENT,
    r"^(?:Mozilla/\d|Opera/\d|curl/\d|okhttp/\d|[\w.]+/[\d.]+ \([^)]*(?:Android|iPhone|iOS|Linux|Windows))"
);
pattern!(PLACE, r"^\(?-?\d{1,3}\.\d{3,}[,; ]+-?\d{1,3}\.\d{3,}\)?$");
pattern!(SSN, r"^(\d{3})-(\d{2})-(\d{4})$");
pattern!(NINO, r"^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]$");
pattern!(DNI, r"^([XYZ]?)-?(\d{7,8})-?([A-Z])$");
pattern!(FISCALE, r"^[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]$");
pattern!(INSEE, r"^([12]) ?(\d{2}) ?(\d{2}) ?(\d{2}|2[AB]) ?(\d{3}) ?(\d{3}) ?(\d{2})$");
pattern!(CPF, r"^(\d{3})\.(\d{3})\.(\d{3})-(\d{2})$");
pattern!(
    ID,
    r"^(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|c[0-9a-z]{24}|[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{24}|[0-9a-f]{32}|[a-z][0-9a-z]{23}|[0-9]{1,9}|[a-z]{2,8}_[0-9A-Za-z]{14,})$"
);
pattern!(
    PERSON,
    r"^(?:(?i:mr|mrs|ms|dr|herr|frau|m|mme|sr|sra|prof)\.? )?(\p{Lu}[\p{Ll}'’-]+)(?: \p{Lu}\.?)?(?: (?:van|von|de|der|del|di|la|le|da|dos|el))*(?: \p{Lu}[\p{L}'’-]+){1,3}$"
);
pattern!(
    STREET,
    r"(?i)^(?:\d{1,5}[a-z]?,? +[\p{L}. '’-]+\b(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|way|court|place|square)\b|[\p{L}. '’-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer)\s*\d{1,4}|\d{1,4}(?: ?bis)?,? (?:rue|avenue|boulevard|place|chemin|allée|impasse|quai)\b|(?:calle|avenida|plaza|paseo|via|viale|piazza|corso)\s.*\d{1,4})"
);

fn matches(pattern: &Pattern, value: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(value))
}

type Test = fn(&str) -> bool;

/// Forms that no other value has by chance, the surest first.
pub(super) const SURE: [(Looks, Test); 12] = [
    (Looks::Email, |v| matches(&EMAIL, v)),
    (Looks::Iban, is_iban),
    (Looks::PasswordHash, |v| matches(&HASH, v)),
    (Looks::UserAgent, |v| matches(&AGENT, v)),
    (Looks::Url, |v| v.starts_with("https://") || v.starts_with("http://")),
    (Looks::HardwareAddress, |v| matches(&MAC, v)),
    (Looks::Ip, |v| v.split('/').next().is_some_and(|v| v.parse::<IpAddr>().is_ok())),
    (Looks::Card, is_card),
    (Looks::NationalId, is_national_id),
    (Looks::Token, |v| matches(&JWT, v) || matches(&TOKEN, v)),
    (Looks::Coordinate, |v| matches(&PLACE, v)),
    (Looks::Street, |v| matches(&STREET, v) && v.len() < 80),
];

/// Forms that a name overrules.
pub(super) const WEAK: [(Looks, Test); 3] = [
    (Looks::Phone, is_phone),
    (Looks::Name, is_person),
    (Looks::Token, |v| {
        !v.contains(char::is_whitespace) && v.bytes().filter(u8::is_ascii_digit).count() >= 6 && !is_date(v)
    }),
];

/// An id that a machine made: UUID, CUID, ULID, `ObjectId`, `NanoID`, digits.
pub(super) fn is_generated_id(value: &str) -> bool {
    matches(&ID, value)
}

pub(super) fn is_phone(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    matches(&PHONE, value) && (7..=16).contains(&digits) && !is_date(value)
}

/// `2026-01-31`, `31.01.2026`, `01/31/2026`, with or without a time.
fn is_date(value: &str) -> bool {
    pattern!(DATE, r"^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?:[T ].*)?$");
    matches(&DATE, value)
}

/// Two letters, two check digits, remainder 1 by 97.
pub(super) fn is_iban(value: &str) -> bool {
    let bare: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    let form = (15..=34).contains(&bare.len())
        && bare.bytes().all(|b| b.is_ascii_alphanumeric())
        && bare.bytes().take(2).all(|b| b.is_ascii_alphabetic());
    form && bare[4..].chars().chain(bare[..4].chars()).try_fold(0_u32, |rest, c| {
        let digit = c.to_digit(36)?;
        Some((rest * if digit > 9 { 100 } else { 10 } + digit) % 97)
    }) == Some(1)
}

/// 13 to 19 digits that pass the Luhn check.
pub(super) fn is_card(value: &str) -> bool {
    if !value.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-') {
        return false;
    }
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

/// A number that a state gave one person: US, GB, DE, ES, FR, IT, BR.
pub(super) fn is_national_id(value: &str) -> bool {
    let value = value.to_uppercase();
    is_ssn(&value)
        || matches(&NINO, &value)
        || is_dni(&value)
        || is_insee(&value)
        || is_fiscale(&value)
        || is_steuer_id(&value)
        || is_cpf(&value)
}

fn is_ssn(value: &str) -> bool {
    let Some(parts) = SSN.as_ref().and_then(|ssn| ssn.captures(value)) else { return false };
    !matches!(&parts[1], "000" | "666")
        && !parts[1].starts_with('9')
        && &parts[2] != "00"
        && &parts[3] != "0000"
}

/// DNI and NIE: the letter is the remainder by 23.
fn is_dni(value: &str) -> bool {
    let Some(parts) = DNI.as_ref().and_then(|dni| dni.captures(value)) else { return false };
    let first = match &parts[1] {
        "Y" => "1",
        "Z" => "2",
        "X" => "0",
        _ => "",
    };
    let number: Option<usize> = format!("{first}{}", &parts[2]).parse().ok();
    number.is_some_and(|number| "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23..].starts_with(&parts[3]))
}

/// The key is 97 less the remainder by 97; Corsica counts as 19 and 18.
fn is_insee(value: &str) -> bool {
    let Some(parts) = INSEE.as_ref().and_then(|insee| insee.captures(value)) else { return false };
    let body: String = (1..=6).map(|part| &parts[part]).collect();
    let number = body.replace("2A", "19").replace("2B", "18").parse::<u64>();
    number.is_ok_and(|number| parts[7].parse::<u64>().is_ok_and(|key| key == 97 - number % 97))
}

fn is_fiscale(value: &str) -> bool {
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
        14, 16, 10, 22, 25, 24, 23,
    ];
    if !matches(&FISCALE, value) {
        return false;
    }
    let digit = |c: char| c.to_digit(36).unwrap_or(0);
    let sum: u32 = value
        .chars()
        .take(15)
        .enumerate()
        .map(|(at, c)| match digit(c) {
            digit if at % 2 == 0 => ODD[digit as usize],
            digit if digit > 9 => digit - 10,
            digit => digit,
        })
        .sum();
    value.chars().last().is_some_and(|check| digit(check) == 10 + sum % 26)
}

/// ISO 7064 mod 11, 10 over 11 digits that do not begin with 0.
fn is_steuer_id(value: &str) -> bool {
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != 11 || digits[0] == 0 || !value.chars().all(|c| c.is_ascii_digit() || c == ' ') {
        return false;
    }
    let product = digits[..10].iter().fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        let sum = if sum == 0 { 10 } else { sum };
        sum * 2 % 11
    });
    (11 - product) % 10 == digits[10]
}

fn is_cpf(value: &str) -> bool {
    if !matches(&CPF, value) {
        return false;
    }
    let digits: Vec<usize> =
        value.chars().filter_map(|c| c.to_digit(10)).map(|digit| digit as usize).collect();
    let check = |count: usize| {
        let sum: usize = digits[..count].iter().enumerate().map(|(at, digit)| digit * (count + 1 - at)).sum();
        sum * 10 % 11 % 10
    };
    check(9) == digits[9] && check(10) == digits[10]
}

/// A given name that is common somewhere, and a family name after it.
fn is_person(value: &str) -> bool {
    let Some(parts) = PERSON.as_ref().and_then(|person| person.captures(value)) else { return false };
    let given = parts[1].to_lowercase();
    GIVEN.split_whitespace().any(|name| name == given)
}

/// Common given names of several countries.
const GIVEN: &str = "adam ahmed alberto alejandro alessandro alexander alice amélie ana andrea andreas andrew angela anja \
    anna anne anthony antonio barbara ben benjamin bernd betty brian camille carlos carmen caroline \
    catherine charles charlotte chiara chloé christian christine christopher claire claudia clara daniel \
    david deborah diego dieter donald dorothy eduardo elena elizabeth emily emma eric eva fatima \
    fernando florian francesca francesco francisco françois frank gabriel george giovanni giulia grace \
    hannah hans heinz helen henry hugo ingrid isabel jack jakob james jan jane javier jean jennifer \
    jessica johann john jonas jorge jose joseph josé juan julia julie jürgen karen karin karl katharina \
    kevin klaus laura lea leon linda lisa luca lucas luis léa manuel marco margaret maria marie mark \
    markus martin mary matteo matthew max michael michelle miguel mohammed monika nancy nicolas nina \
    olivia pablo patricia paul pedro peter petra philippe pierre rachel richard robert sandra sarah \
    sofia sophie stefan susan thomas ursula wolfgang";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn national_ids_are_told_by_their_check_digits() {
        for right in [
            "536-90-4399",
            "AB 12 34 56 C",
            "12345678Z",
            "X1234567L",
            "1 84 12 76 451 089 46",
            "RSSMRA85T10A562S",
            "86095742719",
            "529.982.247-25",
        ] {
            assert!(is_national_id(right), "{right}");
        }
        for wrong in [
            "000-12-3456",
            "912-12-3456",
            "12345678A",
            "1 84 12 76 451 089 47",
            "RSSMRA85T10A562T",
            "86095742718",
            "529.982.247-26",
            "2026-01-31",
            "hello",
        ] {
            assert!(!is_national_id(wrong), "{wrong}");
        }
    }

    #[test]
    fn people_are_told_from_things() {
        assert!(is_person("Jane Doe") && is_person("Dr. Maria Müller-Lüdenscheidt"));
        assert!(!is_person("Academy Dinosaur") && !is_person("Blue Widget") && !is_person("jane"));
    }
}
