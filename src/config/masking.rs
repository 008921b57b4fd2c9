//! `masking`: the decision for each column that could hold a person's data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::file::Scalar;

/// The decision for each column that could hold a person's data.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Masking {
    /// The secret that makes masks the same in each run, as `${NAME}`. Never in the repository.
    pub key: Option<String>,
    /// The file with the decisions that a person has reviewed, beside `stagectl.yml`: `tables` and `schema`
    /// as here, at its top. Default: `masking.yml`, where there is one.
    pub file: Option<String>,
    /// Table (`Table` or `schema.Table`) to column to rule.
    pub tables: BTreeMap<String, BTreeMap<String, Rule>>,
    /// Table to column to type, as they were when the decisions were reviewed. What is not here, or has
    /// another type by now, stops the copy. Empty: nothing was written down.
    pub schema: BTreeMap<String, BTreeMap<String, String>>,
}

/// What happens to a value. A word, or a word with its argument: `email`, `{keep: why}`,
/// `{json: {path: rule}}`.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct Rule(pub Strategy);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// `<20 hex>@staging.local`; equal addresses stay equal, whatever their case.
    Email,
    /// A person's full name.
    Name,
    /// One word: a given name, a family name, a nickname.
    ShortName,
    /// `user-<12 hex>`.
    Username,
    /// Other digits, same format and country code.
    Phone,
    /// A postal address, line by line.
    Address,
    Street,
    City,
    /// Letters and digits replaced, format kept.
    Postcode,
    /// Free text, replaced whole by filler of about the same length.
    Text,
    /// Free text kept, but for what is personal in it: addresses, numbers, links, known names.
    Scrub,
    /// A web address of nobody.
    Url,
    /// Keyed hash, hexadecimal.
    Hash,
    /// Letters and digits replaced, format kept: tokens, serial numbers, tax numbers.
    Token,
    Iban,
    /// A card number that passes the Luhn check and belongs to nobody.
    Card,
    Ip,
    /// One of a few common browsers.
    UserAgent,
    /// Another latitude or longitude, with as many decimals.
    Coordinate,
    /// Another value of the same format, no two alike: numbers and codes of a small unique domain.
    /// The mask of one can be the original of another.
    Permutation,
    /// Moved by up to half a year, never by zero days.
    DateShift,
    /// All moved by the same secret number of days: order and distances stay.
    DateOffset,
    /// Another day of the same year: ages stay, give or take one.
    DateInYear,
    Null,
    /// The same value for all.
    Constant(Scalar),
    /// Crosses as it is, for the reason given.
    Keep(String),
    /// A rule for each leaf path: `address.city`, `items[].note`; `*` stands for any one key,
    /// a trailing `**` for all below.
    Json(BTreeMap<String, Rule>),
    /// A rule for each element of an array.
    Elements(Box<Rule>),
    /// A rule for each path of elements: `person/name`, `person/@id`; `*` and `**` as for JSON.
    Xml(BTreeMap<String, Rule>),
    /// A rule for each key of an `hstore`; `*` stands for all others.
    Hstore(BTreeMap<String, Rule>),
    /// A rule for each field of a composite type.
    Composite(BTreeMap<String, Rule>),
}

impl Strategy {
    /// The word that plans and reports show.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name => "name",
            Self::ShortName => "short-name",
            Self::Username => "username",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::Street => "street",
            Self::City => "city",
            Self::Postcode => "postcode",
            Self::Text => "text",
            Self::Scrub => "scrub",
            Self::Url => "url",
            Self::Hash => "hash",
            Self::Token => "token",
            Self::Iban => "iban",
            Self::Card => "card",
            Self::Ip => "ip",
            Self::UserAgent => "user-agent",
            Self::Coordinate => "coordinate",
            Self::Permutation => "permutation",
            Self::DateShift => "date-shift",
            Self::DateOffset => "date-offset",
            Self::DateInYear => "date-in-year",
            Self::Null => "null",
            Self::Constant(_) => "constant",
            Self::Keep(_) => "keep",
            Self::Json(_) => "json",
            Self::Elements(_) => "elements",
            Self::Xml(_) => "xml",
            Self::Hstore(_) => "hstore",
            Self::Composite(_) => "composite",
        }
    }

    /// What becomes of a value, in a few words for a newcomer.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Email => "an address of nobody, in staging's own domain",
            Self::Name => "an invented full name",
            Self::ShortName => "an invented name of one word",
            Self::Username => "`user-` and digits",
            Self::Phone => "other digits in the same format",
            Self::Address => "an invented postal address",
            Self::Street => "an invented street",
            Self::City => "an invented town",
            Self::Postcode => "other digits and letters in the same format",
            Self::Text => "filler of the same length",
            Self::Scrub => "the text stays, but for what is personal in it",
            Self::Url => "a web address of nobody",
            Self::Hash => "hexadecimal digits, equal for equal values",
            Self::Token => "other digits and letters in the same format",
            Self::Iban => "an IBAN of nobody, with valid check digits",
            Self::Card => "a card number of nobody, with a valid check digit",
            Self::Ip => "a private address",
            Self::UserAgent => "a common browser",
            Self::Coordinate => "another place",
            Self::Permutation => "another value of the same format, no two alike",
            Self::DateShift => "moved by up to half a year",
            Self::DateOffset => "all moved by the same secret number of days",
            Self::DateInYear => "another day of the same year",
            Self::Null => "left empty",
            Self::Constant(_) => "the same value for all",
            Self::Keep(_) => "crosses as it is, for the reason given",
            Self::Json(_) => "each path by its own rule",
            Self::Elements(_) => "each element by the rule that follows",
            Self::Xml(_) => "each path by its own rule",
            Self::Hstore(_) => "each key by its own rule",
            Self::Composite(_) => "each field by its own rule",
        }
    }

    /// Itself, and the rules of its parts.
    pub fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s Self)) {
        visit(self);
        match self {
            Self::Elements(rule) => rule.0.each(visit),
            Self::Json(rules) | Self::Xml(rules) | Self::Hstore(rules) | Self::Composite(rules) => {
                for rule in rules.values() {
                    rule.0.each(visit);
                }
            }
            _ => {}
        }
    }
}

// YAML would want `!keep why` for an enum with an argument; a map with one key reads better.
impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            // The bare word `null` is YAML's null.
            serde_json::Value::Null => Ok(Self(Strategy::Null)),
            value => serde_json::from_value(value).map(Self).map_err(D::Error::custom),
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::to_value(&self.0).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_words_or_maps_with_one_key() {
        let text = "email: email\nnote: null\nrole: {keep: not personal}\nage: {constant: 5}\n\
                    profile: {json: {'a.b': city}}\ntags: {elements: text}\n";
        let rules: BTreeMap<String, Rule> = serde_yaml::from_str(text).unwrap();
        assert_eq!(rules["email"].0, Strategy::Email);
        assert_eq!(rules["note"].0, Strategy::Null);
        assert_eq!(rules["role"].0, Strategy::Keep("not personal".into()));
        assert_eq!(rules["age"].0, Strategy::Constant(Scalar("5".into())));
        assert_eq!(rules["tags"].0, Strategy::Elements(Box::new(Rule(Strategy::Text))));
        let again: BTreeMap<String, Rule> =
            serde_yaml::from_str(&serde_yaml::to_string(&rules).unwrap()).unwrap();
        assert_eq!(again, rules);
    }

    #[test]
    fn an_unknown_word_is_refused_by_name() {
        let error = serde_yaml::from_str::<BTreeMap<String, Rule>>("a: emial\n").unwrap_err();
        assert!(error.to_string().contains("emial"), "{error}");
    }
}
