//! What a column or JSON leaf could hold of a person: harmless by its type, or like something that
//! somebody must decide about. Pure; values come in, only verdicts go out.

mod forms;
#[cfg(test)]
mod labelled;
mod names;

use std::collections::{BTreeMap, BTreeSet};

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
    HardwareAddress,
    UserAgent,
    NationalId,
    Token,
    PasswordHash,
    ShortName,
    Name,
    Username,
    Street,
    City,
    Postcode,
    Address,
    Coordinate,
    BirthDate,
    /// Health, faith, pay and the like.
    Sensitive,
    Url,
    FreeText,
    /// The name of a thing.
    Label,
    /// Few different short words.
    Code,
    Number,
    Flag,
    /// A type that nothing is known about.
    Opaque,
}

impl Looks {
    /// Whether it could be about a person.
    pub fn personal(self) -> bool {
        !matches!(self, Self::Label | Self::Code | Self::Number | Self::Flag)
    }

    /// For "looks like …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Email => "an e-mail address",
            Self::Phone => "a phone number",
            Self::Iban => "an IBAN",
            Self::Card => "a card number",
            Self::Ip => "an IP address",
            Self::HardwareAddress => "a hardware address",
            Self::UserAgent => "a browser's description of itself",
            Self::NationalId => "a number that a state gave a person",
            Self::Token => "a token or a number of something",
            Self::PasswordHash => "a password or its hash",
            Self::ShortName => "a person's name",
            Self::Name => "a person's full name",
            Self::Username => "a user name",
            Self::Street => "a street",
            Self::City => "a city",
            Self::Postcode => "a postcode",
            Self::Address => "a postal address",
            Self::Coordinate => "a place on the map",
            Self::BirthDate => "a birth date",
            Self::Sensitive => "something that is nobody else's business",
            Self::Url => "a web address",
            Self::FreeText => "free text",
            Self::Label => "the name of a thing",
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
            Self::Ip | Self::HardwareAddress => Strategy::Ip,
            Self::UserAgent => Strategy::UserAgent,
            Self::NationalId | Self::Token | Self::Code | Self::Number => Strategy::Token,
            Self::PasswordHash => Strategy::Hash,
            Self::ShortName => Strategy::ShortName,
            Self::Name => Strategy::Name,
            Self::Username => Strategy::Username,
            Self::Street => Strategy::Street,
            Self::City => Strategy::City,
            Self::Postcode => Strategy::Postcode,
            Self::Address => Strategy::Address,
            Self::Coordinate => Strategy::Coordinate,
            Self::BirthDate => Strategy::DateShift,
            Self::Url => Strategy::Url,
            Self::FreeText | Self::Label => Strategy::Text,
            Self::Sensitive | Self::Flag | Self::Opaque => Strategy::Null,
        }
    }

    /// The rule to propose: a mask, or for codes and numbers a `keep` with its reason.
    pub fn proposal(self) -> Strategy {
        match self {
            Self::Label | Self::Code | Self::Number | Self::Flag => {
                Strategy::Keep(format!("{}, of nobody", self.words()))
            }
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
    use Looks::{
        BirthDate, Card, Coordinate, Iban, Ip, NationalId, PasswordHash, Phone, Postcode, Sensitive, Token,
    };
    let named = names::looks("", &column.name);
    if column.is_enum {
        return Some("enum");
    }
    match column.base_type.as_str() {
        "bool" => Some("boolean"),
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" => {
            // A telephone number kept as a number is still one.
            let telling = [
                BirthDate,
                Card,
                Coordinate,
                Iban,
                Ip,
                NationalId,
                PasswordHash,
                Phone,
                Postcode,
                Sensitive,
                Token,
            ];
            let personal = named.is_some_and(|looks| telling.contains(&looks));
            (column.in_key || !personal || names::of_counts(&names::Words::of(&column.name)))
                .then_some("number")
        }
        "money" if named != Some(Sensitive) => Some("number"),
        "oid" | "bit" | "varbit" | "int4range" | "int8range" | "numrange" | "int4multirange"
        | "int8multirange" | "nummultirange" | "xid" | "xid8" | "pg_lsn" | "regclass" => Some("number"),
        "timestamp" | "timestamptz" | "date" | "daterange" | "tsrange" | "tstzrange" | "datemultirange"
        | "tsmultirange" | "tstzmultirange"
            if named != Some(BirthDate) =>
        {
            Some("time")
        }
        "time" | "timetz" | "interval" => Some("time"),
        "uuid" if column.in_key || column.unique && named.is_none() => Some("generated id"),
        _ => None,
    }
}

/// Whether all of these are ids that a machine made.
pub fn generated_ids(values: &[String]) -> bool {
    !values.is_empty() && values.iter().all(|value| forms::is_generated_id(value))
}

/// What a column of this table looks like. `values` are a sample of it, as text.
pub fn column(table: &str, column: &Column, values: &[String]) -> Looks {
    let named = names::looks(table, &column.name);
    match column.base_type.as_str() {
        "inet" | "cidr" => Looks::Ip,
        "macaddr" | "macaddr8" => Looks::HardwareAddress,
        "point" => Looks::Coordinate,
        "date" | "timestamp" | "timestamptz" => Looks::BirthDate,
        "uuid" => Looks::Token,
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "money" => {
            named.unwrap_or(Looks::Number)
        }
        "text" | "varchar" | "bpchar" | "citext" | "name" => text_of(table, &column.name, values),
        "xml" | "hstore" => Looks::FreeText,
        "bytea" if values.iter().any(|value| readable(value)) => Looks::FreeText,
        _ => Looks::Opaque,
    }
}

/// The rules to propose for the fields of a composite type.
pub fn fields(names: &[String]) -> BTreeMap<String, Rule> {
    let rule = |name: &String| Rule(text(name, &[]).mask());
    names.iter().map(|name| (name.clone(), rule(name))).collect()
}

/// Whether bytes (`\\x616263`) are a text of some length.
fn readable(hex: &str) -> bool {
    let digits = hex.strip_prefix("\\x").unwrap_or_default();
    let bytes: Option<Vec<u8>> = (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok())
        .collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).is_some_and(|text| {
        text.chars().count() >= 4 && !text.chars().any(|c| c.is_control() && !c.is_whitespace())
    })
}

/// What text of this name looks like.
pub fn text(name: &str, values: &[String]) -> Looks {
    text_of("", name, values)
}

/// By the form of its values, then its name, then its length.
fn text_of(table: &str, name: &str, values: &[String]) -> Looks {
    let named = names::looks(table, name);
    let values: Vec<&str> = values.iter().map(|value| value.trim()).filter(|v| !v.is_empty()).collect();
    let mostly = |test: fn(&str) -> bool| {
        !values.is_empty() && values.iter().filter(|v| test(v)).count() * 2 >= values.len()
    };
    if let Some((looks, _)) = forms::SURE.iter().find(|(_, test)| mostly(*test)) {
        return match (*looks, named) {
            // A hash in hexadecimal, and a number of a person that has the form of another.
            (
                Looks::Token | Looks::Card,
                Some(named @ (Looks::PasswordHash | Looks::NationalId | Looks::Phone)),
            ) => named,
            // The whole address, of which the street stands first.
            (Looks::Street, Some(Looks::Address)) => Looks::Address,
            (looks, _) => looks,
        };
    }
    if let Some(named) = named.filter(|named| *named != Looks::Label) {
        return named;
    }
    if let Some((looks, _)) = forms::WEAK.iter().find(|(_, test)| mostly(*test)) {
        return *looks;
    }
    if named == Some(Looks::Label) {
        return Looks::Label;
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
    key.contains('@') || forms::is_iban(key) || forms::is_phone(key)
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
        assert_eq!(looks("fileName", &[]), Looks::Label);
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
