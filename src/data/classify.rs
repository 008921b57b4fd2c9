//! What a column or JSON leaf could hold of a person: harmless by its type, or like something that
//! somebody must decide about. Pure; values come in, only verdicts go out.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;

use super::model::Column;
use crate::config::masking::{Rule, Strategy};

/// What values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looks {
    Email,
    Phone,
    Iban,
    Card,
    Ip,
    Token,
    PasswordHash,
    ShortName,
    Name,
    Username,
    Street,
    City,
    Postcode,
    Address,
    BirthDate,
    Url,
    FreeText,
    /// Few different short words.
    Code,
    Number,
    Flag,
    /// A type that nothing is known about.
    Opaque,
}

impl Looks {
    /// For "looks like …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Email => "an e-mail address",
            Self::Phone => "a phone number",
            Self::Iban => "an IBAN",
            Self::Card => "a card number",
            Self::Ip => "an IP address",
            Self::Token => "a token or a number of something",
            Self::PasswordHash => "a password or its hash",
            Self::ShortName => "a person's name",
            Self::Name => "a person's full name",
            Self::Username => "a user name",
            Self::Street => "a street",
            Self::City => "a city",
            Self::Postcode => "a postcode",
            Self::Address => "a postal address",
            Self::BirthDate => "a birth date",
            Self::Url => "a web address",
            Self::FreeText => "free text",
            Self::Code => "a code out of a short list",
            Self::Number => "a number",
            Self::Flag => "true, false or null",
            Self::Opaque => "a type that cannot be looked into",
        }
    }

    /// The strategy that masks it.
    pub fn mask(self) -> Strategy {
        match self {
            Self::Email => Strategy::Email,
            Self::Phone => Strategy::Phone,
            Self::Iban => Strategy::Iban,
            Self::Card => Strategy::Card,
            Self::Ip => Strategy::Ip,
            Self::Token | Self::Code | Self::Number => Strategy::Token,
            Self::PasswordHash => Strategy::Hash,
            Self::ShortName => Strategy::ShortName,
            Self::Name => Strategy::Name,
            Self::Username => Strategy::Username,
            Self::Street => Strategy::Street,
            Self::City => Strategy::City,
            Self::Postcode => Strategy::Postcode,
            Self::Address => Strategy::Address,
            Self::BirthDate => Strategy::DateShift,
            Self::Url => Strategy::Url,
            Self::FreeText => Strategy::Text,
            Self::Flag | Self::Opaque => Strategy::Null,
        }
    }

    /// The rule to propose: a mask, or for codes and numbers a `keep` with its reason.
    pub fn proposal(self) -> Strategy {
        match self {
            Self::Code | Self::Number | Self::Flag => Strategy::Keep(format!("{}, of nobody", self.words())),
            looks => looks.mask(),
        }
    }
}

/// A strategy as one line of YAML.
pub fn yaml(strategy: &Strategy) -> String {
    match strategy {
        Strategy::Null => "null".to_owned(),
        Strategy::Keep(reason) => format!("{{keep: '{}'}}", reason.replace('\'', "''")),
        Strategy::Elements(rule) => format!("{{elements: {}}}", yaml(&rule.0)),
        other => serde_json::to_string(&Rule(other.clone()))
            .map_or_else(|_| other.word().to_owned(), |text| text.trim_matches('"').to_owned()),
    }
}

/// Why a column may cross as it is, by its type and name alone.
pub fn harmless(column: &Column) -> Option<&'static str> {
    let named = by_name(&column.name);
    if column.is_enum {
        return Some("enum");
    }
    match column.base_type.as_str() {
        "bool" => Some("boolean"),
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "money" | "oid" | "bit" | "varbit"
        | "int4range" | "int8range" | "numrange"
            if named.is_none() =>
        {
            Some("number")
        }
        // An address or token kept as a number is still one.
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" => (column.in_key
            || matches!(named, Some(Looks::ShortName | Looks::Name | Looks::Url)))
        .then_some("number"),
        "timestamp" | "timestamptz" | "date" | "daterange" | "tsrange" | "tstzrange"
            if named != Some(Looks::BirthDate) =>
        {
            Some("time")
        }
        "time" | "timetz" | "interval" => Some("time"),
        "uuid" if column.in_key || column.unique && named.is_none() => Some("generated id"),
        _ => None,
    }
}

/// Whether all of these are ids that a machine made: UUID, CUID, ULID, ObjectId, NanoID, digits.
pub fn generated_ids(values: &[String]) -> bool {
    static ID: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|c[0-9a-z]{24}|[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{24}|[0-9a-f]{32}|[a-z][0-9a-z]{23}|[0-9]{1,9}|[a-z]{2,8}_[0-9A-Za-z]{14,})$").ok()
    });
    !values.is_empty() && values.iter().all(|value| matches(&ID, value))
}

/// What a column looks like. `values` are a sample of it, as text.
pub fn column(column: &Column, values: &[String]) -> Looks {
    match column.base_type.as_str() {
        "inet" | "cidr" => Looks::Ip,
        "date" | "timestamp" | "timestamptz" => Looks::BirthDate,
        "uuid" => Looks::Token,
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" => {
            by_name(&column.name).unwrap_or(Looks::Number)
        }
        "text" | "varchar" | "bpchar" | "citext" | "name" | "xml" => text(&column.name, values),
        _ => Looks::Opaque,
    }
}

type Test<'a> = &'a dyn Fn(&str) -> bool;

/// What text of this name looks like: by the form of its values, then its name, then its length.
pub fn text(name: &str, values: &[String]) -> Looks {
    let named = by_name(name);
    let values: Vec<&str> = values.iter().map(|value| value.trim()).filter(|v| !v.is_empty()).collect();
    let mostly =
        |test: Test<'_>| !values.is_empty() && values.iter().filter(|v| test(v)).count() * 2 >= values.len();
    let forms: [(Looks, Test<'_>); 7] = [
        (Looks::Email, &|v| matches(&EMAIL, v)),
        (Looks::Iban, &is_iban),
        (Looks::PasswordHash, &|v| {
            v.starts_with("$2") || v.starts_with("$argon2") || v.starts_with("$scrypt")
        }),
        (Looks::Url, &|v| v.starts_with("https://") || v.starts_with("http://")),
        (Looks::Ip, &|v| v.parse::<IpAddr>().is_ok()),
        (Looks::Card, &is_card),
        (Looks::Token, &|v| v.starts_with("eyJ") || matches(&TOKEN, v)),
    ];
    if let Some((looks, _)) = forms.iter().find(|(_, test)| mostly(*test)) {
        return *looks;
    }
    if let Some(named) = named {
        return named;
    }
    if mostly(&|v| matches(&PHONE, v) && v.chars().filter(char::is_ascii_digit).count() >= 7) {
        return Looks::Phone;
    }
    if mostly(&|v| !v.contains(char::is_whitespace) && v.bytes().filter(u8::is_ascii_digit).count() >= 6) {
        return Looks::Token;
    }
    let different: BTreeSet<&str> = values.iter().copied().collect();
    let short = values.iter().all(|v| v.len() <= 16 && !v.contains(char::is_whitespace));
    if short && values.len() >= 12 && different.len() * 3 <= values.len() {
        Looks::Code
    } else {
        Looks::FreeText
    }
}

/// Whether a key of a JSON object is itself a person's data, which no rule for leaves can mask.
pub fn personal_key(key: &str) -> bool {
    key.contains('@')
        || is_iban(key)
        || matches(&PHONE, key) && key.bytes().filter(u8::is_ascii_digit).count() >= 7
}

static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[^@\s]+@[^@\s]+\.[^@\s]+$").ok());
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:[0-9a-fA-F]{32,}|[A-Za-z]{2,6}_[A-Za-z0-9_]{16,}|[A-Za-z0-9+/_-]{40,}=*)$").ok()
});
static PHONE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[+(]?[0-9][0-9 ().\-/]{6,24}$").ok());

fn matches(regex: &LazyLock<Option<Regex>>, value: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(value))
}

/// What the words of a name say. `lastLoginIp`, `last_login_ip` and `LAST-LOGIN-IP` are the same.
fn by_name(name: &str) -> Option<Looks> {
    let words = words(name);
    let has = |list: &[&str]| list.iter().any(|word| words.iter().any(|w| w == word));
    let joined = words.concat();
    let contains = |list: &[&str]| list.iter().any(|part| joined.contains(part));
    Some(match () {
        () if contains(&["email"]) || has(&["mail"]) => Looks::Email,
        () if contains(&["password", "passwd"]) || has(&["hash"]) => Looks::PasswordHash,
        () if contains(&["token", "secret", "apikey", "sessionid", "passport", "taxid", "ssn"]) => {
            Looks::Token
        }
        () if contains(&["phone", "mobile", "whatsapp"]) || has(&["tel", "fax", "msisdn"]) => Looks::Phone,
        () if has(&["iban"]) => Looks::Iban,
        () if contains(&["cardnumber", "creditcard"]) || has(&["pan"]) => Looks::Card,
        () if has(&["ip", "ipaddress"]) => Looks::Ip,
        () if has(&["birth", "birthday", "birthdate", "dob", "born"]) || contains(&["dateofbirth"]) => {
            Looks::BirthDate
        }
        () if contains(&["firstname", "lastname", "givenname", "familyname", "surname", "nickname"]) => {
            Looks::ShortName
        }
        () if contains(&["username", "nickname"]) || has(&["login", "handle", "instagram", "twitter"]) => {
            Looks::Username
        }
        () if has(&["street"]) => Looks::Street,
        () if has(&["city", "town"]) => Looks::City,
        () if has(&["zip", "postcode", "plz"]) || contains(&["postalcode", "zipcode"]) => Looks::Postcode,
        () if has(&["address", "latitude", "longitude"]) => Looks::Address,
        () if has(&["url", "website", "homepage", "avatar"]) => Looks::Url,
        () if has(&["name", "fullname"]) && !has(&["file", "table", "migration", "event"]) => Looks::Name,
        () => return None,
    })
}

fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            lower_before = false;
            words.push(String::new());
            continue;
        }
        if words.is_empty() || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        lower_before = c.is_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Two letters, two check digits, remainder 1 by 97.
fn is_iban(value: &str) -> bool {
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
fn is_card(value: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(name: &str, values: &[&str]) -> Looks {
        text(name, &values.iter().map(|&v| v.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn values_tell_what_a_name_hides() {
        assert_eq!(looks("contact", &["jane@mail.example"]), Looks::Email);
        assert_eq!(looks("ref", &["DE89 3704 0044 0532 0130 00"]), Looks::Iban);
        assert_eq!(looks("ref", &["DE89 3704 0044 0532 0130 01"]), Looks::FreeText);
        assert_eq!(looks("ref", &["4111 1111 1111 1111"]), Looks::Card);
        assert_eq!(looks("ref", &["4111 1111 1111 1112"]), Looks::Phone);
        assert_eq!(looks("origin", &["2001:db8::1", "10.0.0.1"]), Looks::Ip);
        assert_eq!(looks("x", &["$2a$06$abcdefghijklmnopqrstuv"]), Looks::PasswordHash);
        assert_eq!(looks("reach", &["+49 170 1234567", "(030) 123 45 67"]), Looks::Phone);
    }

    #[test]
    fn names_tell_what_values_hide() {
        assert_eq!(looks("donorName", &[]), Looks::Name);
        assert_eq!(looks("last_name", &[]), Looks::ShortName);
        assert_eq!(looks("lastLoginIp", &[]), Looks::Ip);
        assert_eq!(looks("shippingAddress", &[]), Looks::Address);
        assert_eq!(looks("guardianEmail", &[]), Looks::Email);
        assert_eq!(looks("fileName", &[]), Looks::FreeText);
    }

    #[test]
    fn generated_ids_are_told_from_natural_keys() {
        let ids = |values: &[&str]| generated_ids(&values.iter().map(|&v| v.to_owned()).collect::<Vec<_>>());
        assert!(ids(&["clh3am8hi0000qwer1234tyui", "c0123456789abcdef01234567"]));
        assert!(ids(&["7c9e6679-7425-40de-944b-e07fc1f90ae7"]));
        assert!(!ids(&["7c9e6679-7425-40de-944b-e07fc1f90ae7", "jane"]));
        assert!(!ids(&["jane@mail.example"]));
        assert!(!ids(&[]));
    }

    #[test]
    fn personal_keys_of_objects_are_seen() {
        assert!(personal_key("jane@mail.example") && personal_key("+49 170 1234567"));
        assert!(!personal_key("country") && !personal_key("2026"));
    }
}
