//! A strategy and a value give a mask: never the value itself, never too long for its column.

use std::sync::Arc;

use super::stream::Stream;
use super::{numbers, words};
use crate::config::masking::Strategy;

/// What the mask must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// `varchar(n)`: n characters.
    pub max_chars: Option<usize>,
    /// Part of a unique index: different values must stay different.
    pub unique: bool,
    /// The type below domains and arrays, such as `text`, `uuid`, `inet`.
    pub base_type: String,
}

/// A value that its strategy cannot mask. Holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmaskable {
    #[error("`{0}` needs a column of at least {1} characters")]
    TooShort(&'static str, usize),
    #[error("a value is not a date that `date-shift` can move")]
    NotADate,
    #[error("`{0}` does not apply to one plain value")]
    NotScalar(&'static str),
    #[error("no rule for the JSON path `{0}`")]
    UndecidedPath(String),
    #[error("a value is no valid {0}")]
    Malformed(&'static str),
}

/// Masks values with a secret key.
#[derive(Clone)]
pub struct Masker {
    key: Vec<u8>,
    email_domain: String,
    /// Masks that are somebody's original.
    forbidden: Option<Arc<Forbidden>>,
}

type Forbidden = dyn Fn(&str) -> bool + Send + Sync;

const ATTEMPTS: u32 = 64;

impl Masker {
    pub fn new(key: &str, email_domain: &str) -> Self {
        Self { key: key.as_bytes().to_vec(), email_domain: email_domain.to_owned(), forbidden: None }
    }

    /// Never gives a mask of which `forbidden` is true.
    #[must_use]
    pub fn forbidding(mut self, forbidden: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.forbidden = Some(Arc::new(forbidden));
        self
    }

    /// The mask of one plain value; `None` is NULL. Empty stays empty: there is nothing to hide.
    pub fn mask(
        &self,
        strategy: &Strategy,
        value: &str,
        shape: &Shape,
    ) -> Result<Option<String>, Unmaskable> {
        match strategy {
            Strategy::Null => return Ok(None),
            Strategy::Keep(_) => return Ok(Some(value.to_owned())),
            Strategy::Constant(constant) => return Ok(Some(constant.0.clone())),
            Strategy::Json(_) | Strategy::Elements(_) => return Err(Unmaskable::NotScalar(strategy.word())),
            _ if value.is_empty() => return Ok(Some(String::new())),
            _ => {}
        }
        let mut masked = String::new();
        for attempt in 0..ATTEMPTS {
            masked = self.attempt(strategy, value, shape, attempt)?;
            let forbidden = self.forbidden.as_ref().is_some_and(|forbidden| forbidden(&masked));
            if masked.to_lowercase() != value.to_lowercase() && !forbidden {
                return Ok(Some(masked));
            }
        }
        // Only for a value without a letter or digit, such as `-`: its shape is all it has.
        Ok(Some(if masked == value { "x".repeat(value.chars().count()) } else { masked }))
    }

    fn attempt(
        &self,
        strategy: &Strategy,
        value: &str,
        shape: &Shape,
        attempt: u32,
    ) -> Result<String, Unmaskable> {
        let normal = normalise(strategy, value);
        let stream = &mut Stream::new(&self.key, strategy.word(), &normal, attempt);
        let limit = shape.max_chars.unwrap_or(usize::MAX);
        let uuid = shape.base_type == "uuid";
        Ok(match strategy {
            Strategy::Email => self.email(stream, limit)?,
            Strategy::Name => {
                let name = format!("{} {}", stream.pick(&words::GIVEN), stream.pick(&words::FAMILY));
                fit(&name, stream, shape)
            }
            Strategy::ShortName => fit(stream.pick(&words::GIVEN), stream, shape),
            Strategy::Username => {
                if limit < 12 {
                    return Err(Unmaskable::TooShort("username", 12));
                }
                truncate(&format!("user-{}", stream.hex(12)), limit)
            }
            Strategy::City => fit(stream.pick(&words::CITIES), stream, shape),
            Strategy::Street => {
                let street = format!("{} {}", stream.pick(&words::STREETS), 1 + stream.below(999));
                fit(&street, stream, shape)
            }
            Strategy::Address => fit(&address(stream, value), stream, shape),
            Strategy::Text => fit(&filler(stream, value.chars().count()), stream, shape),
            Strategy::Url => truncate(&format!("https://{}.{}/", stream.hex(16), self.email_domain), limit),
            Strategy::Hash if uuid => uuid_of(stream),
            Strategy::Hash => truncate(&stream.hex(64), limit),
            Strategy::Token if uuid => uuid_of(stream),
            Strategy::Token | Strategy::Postcode => stream.reshape(value),
            Strategy::Phone => numbers::phone(stream, value),
            Strategy::Iban => numbers::iban(stream, value),
            Strategy::Card => numbers::card(stream, value),
            Strategy::Ip => numbers::ip(stream, value),
            Strategy::DateShift if matches!(value, "infinity" | "-infinity") => "1970-01-01".to_owned(),
            Strategy::DateShift => numbers::shift(stream, value).ok_or(Unmaskable::NotADate)?,
            Strategy::Null
            | Strategy::Keep(_)
            | Strategy::Constant(_)
            | Strategy::Json(_)
            | Strategy::Elements(_) => return Err(Unmaskable::NotScalar(strategy.word())),
        })
    }

    fn email(&self, stream: &mut Stream, limit: usize) -> Result<String, Unmaskable> {
        let rest = self.email_domain.chars().count() + 1;
        let digits = limit.saturating_sub(rest).min(20);
        if digits < 8 {
            return Err(Unmaskable::TooShort("email", rest + 8));
        }
        Ok(format!("{}@{}", stream.hex(digits), self.email_domain))
    }
}

/// What counts as the same value: case never does, and a phone is its digits.
fn normalise(strategy: &Strategy, value: &str) -> String {
    match strategy {
        Strategy::Phone => value.chars().filter(|c| c.is_alphanumeric()).collect(),
        Strategy::Iban => value.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase(),
        Strategy::Token | Strategy::Hash => value.to_owned(),
        _ => value.to_lowercase(),
    }
}

/// Cuts to the column's length; in a unique index, a keyed suffix keeps different values different.
fn fit(text: &str, stream: &mut Stream, shape: &Shape) -> String {
    let limit = shape.max_chars.unwrap_or(usize::MAX);
    if !shape.unique {
        return truncate(text, limit);
    }
    let suffix = stream.hex(16.min(limit));
    let room = limit.saturating_sub(suffix.len() + 1);
    if room == 0 { suffix } else { format!("{} {suffix}", truncate(text, room).trim_end()) }
}

fn truncate(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

fn uuid_of(stream: &mut Stream) -> String {
    let h = stream.hex(32);
    format!("{}-{}-4{}-8{}-{}", &h[..8], &h[8..12], &h[13..16], &h[17..20], &h[20..])
}

/// As many lines as before: street first, then code and city.
fn address(stream: &mut Stream, value: &str) -> String {
    let lines = value.lines().filter(|line| !line.trim().is_empty()).count().max(1);
    let mut out = vec![format!("{} {}", stream.pick(&words::STREETS), 1 + stream.below(999))];
    if lines > 1 || value.contains(',') {
        out.push(format!("{:05} {}", stream.below(100_000), stream.pick(&words::CITIES)));
    }
    out.extend((2..lines).map(|_| "Nowhere".to_owned()));
    out.join(if lines > 1 { "\n" } else { ", " })
}

fn filler(stream: &mut Stream, chars: usize) -> String {
    let mut out = String::with_capacity(chars + 12);
    while out.len() < chars {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(stream.pick(&words::FILLER));
    }
    truncate(&out, chars.max(1)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::masking::Strategy;
    use proptest::prelude::{prop_assert, prop_assert_eq, prop_assert_ne, proptest};

    const PLAIN: [Strategy; 17] = [
        Strategy::Email,
        Strategy::Name,
        Strategy::ShortName,
        Strategy::Username,
        Strategy::Phone,
        Strategy::Address,
        Strategy::Street,
        Strategy::City,
        Strategy::Postcode,
        Strategy::Text,
        Strategy::Url,
        Strategy::Hash,
        Strategy::Token,
        Strategy::Iban,
        Strategy::Card,
        Strategy::Ip,
        Strategy::Null,
    ];

    fn masker() -> Masker {
        Masker::new("a key", "staging.local")
    }

    proptest! {
        #[test]
        fn no_strategy_returns_its_input(value in "\\PC{1,40}") {
            for strategy in &PLAIN {
                let masked = masker().mask(strategy, &value, &Shape::default()).unwrap();
                prop_assert_ne!(masked.as_deref(), Some(value.as_str()), "{}", strategy.word());
            }
        }

        #[test]
        fn the_same_key_gives_the_same_mask_and_another_key_another(value in "[a-z]{6,20}@[a-z]{5}\\.example") {
            let one = masker().mask(&Strategy::Email, &value, &Shape::default()).unwrap();
            prop_assert_eq!(&one, &masker().mask(&Strategy::Email, &value.to_uppercase(), &Shape::default()).unwrap());
            let other = Masker::new("another key", "staging.local");
            prop_assert_ne!(one, other.mask(&Strategy::Email, &value, &Shape::default()).unwrap());
        }

        #[test]
        fn length_limits_are_respected(value in "\\PC{1,60}", limit in 1_usize..80, unique: bool) {
            let short: String = value.chars().take(limit).collect();
            let shape = Shape { max_chars: Some(limit), unique, base_type: "varchar".into() };
            for strategy in PLAIN.iter().filter(|s| !matches!(s, Strategy::Ip)) {
                if let Ok(Some(masked)) = masker().mask(strategy, &short, &shape) {
                    prop_assert!(masked.chars().count() <= limit, "{}: {}", strategy.word(), masked);
                }
            }
        }
    }

    #[test]
    fn unique_stays_unique() {
        let shape = Shape { unique: true, ..Shape::default() };
        for strategy in [Strategy::Email, Strategy::Name, Strategy::Username, Strategy::Text, Strategy::City]
        {
            let masks: std::collections::HashSet<String> = (0..20_000)
                .map(|i| {
                    masker().mask(&strategy, &format!("value {i}"), &shape).unwrap().unwrap().to_lowercase()
                })
                .collect();
            assert_eq!(masks.len(), 20_000, "{}", strategy.word());
        }
    }

    #[test]
    fn an_address_mask_is_twenty_hex_digits_at_the_staging_domain() {
        let masked =
            masker().mask(&Strategy::Email, "Jane@Real.example", &Shape::default()).unwrap().unwrap();
        let (local, domain) = masked.split_once('@').unwrap();
        assert_eq!((local.len(), domain), (20, "staging.local"));
        assert!(local.chars().all(|c| c.is_ascii_hexdigit()));
        let narrow = Shape { max_chars: Some(10), ..Shape::default() };
        assert!(masker().mask(&Strategy::Email, "a@b.c", &narrow).is_err());
    }
}
