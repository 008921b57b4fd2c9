//! A strategy and a value give a mask: never the value itself, never too long for its column.

use std::borrow::Cow;
use std::sync::Arc;

use super::shape::{Base, Shape};
use super::stream::{Key, Stream};
use super::{numbers, permutation, scrub, words};
use crate::config::masking::Strategy;

/// A value that its strategy cannot mask. Holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmaskable {
    #[error("`{0}` needs a column of at least {1} characters")]
    TooShort(&'static str, usize),
    #[error("a value is not a date that `{0}` can move")]
    NotADate(&'static str),
    #[error("a value is no number of degrees")]
    NotADegree,
    #[error("`{0}` does not apply to one plain value")]
    NotScalar(&'static str),
    #[error("no rule for the JSON path `{0}`")]
    UndecidedPath(String),
    #[error("no rule for the field or key `{0}`")]
    UndecidedField(String),
    #[error("a value is no valid {0}")]
    Malformed(&'static str),
    #[error("`{0}` found no mask that is nobody's original value")]
    Exhausted(&'static str),
}

/// Masks values with a secret key.
#[derive(Clone)]
pub struct Masker {
    key: Key,
    email_domain: String,
    /// Days that `date-offset` moves by: 30 to 364 either way.
    offset: i64,
    /// Masks that are somebody's original.
    forbidden: Option<Arc<Forbidden>>,
}

type Forbidden = dyn Fn(&str) -> bool + Send + Sync;

const ATTEMPTS: u32 = 64;
/// Random letters and digits from so many on are nobody's by chance.
const LONG: usize = 16;

impl Masker {
    pub fn new(key: &str, email_domain: &str) -> Self {
        let key = Key::new(key);
        let mut stream = Stream::new(&key, "date-offset", "", 0);
        let days = 30 + stream.below(335) as i64;
        let offset = if stream.coin() { days } else { -days };
        Self { key, email_domain: email_domain.to_owned(), offset, forbidden: None }
    }

    /// Never gives a mask of which `forbidden` is true; also what `scrub` knows of the people.
    #[must_use]
    pub fn forbidding(mut self, forbidden: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.forbidden = Some(Arc::new(forbidden));
        self
    }

    pub(super) fn is_forbidden(&self, text: &str) -> bool {
        self.forbidden.as_ref().is_some_and(|forbidden| forbidden(text))
    }

    /// The mask of one plain value; `None` is NULL. Empty stays empty: there is nothing to hide.
    ///
    /// # Errors
    /// A value that the strategy cannot mask, or a rule for structured values.
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
            Strategy::Json(_)
            | Strategy::Elements(_)
            | Strategy::Xml(_)
            | Strategy::Hstore(_)
            | Strategy::Composite(_) => return Err(Unmaskable::NotScalar(strategy.word())),
            _ if value.is_empty() => return Ok(Some(String::new())),
            Strategy::Scrub => return Ok(Some(scrub::text(self, value, shape))),
            _ => {}
        }
        if shape.base == Base::Bytes {
            return self.bytes(strategy, value, shape);
        }
        let normal = normalise(strategy, value);
        for attempt in 0..ATTEMPTS {
            let masked = self.attempt(strategy, value, &normal, shape, attempt)?;
            // The masks of a permutation are the originals, in another order; an offset is one for all.
            let fixed = matches!(strategy, Strategy::Permutation | Strategy::DateOffset);
            let free = fixed || !can_meet(strategy, shape, &masked) || !self.is_forbidden(&masked);
            if free && !same(&masked, value) {
                return Ok(Some(masked));
            }
        }
        // Only for a value without a letter or digit, such as `-`: its shape is all it has.
        if value.chars().any(char::is_alphanumeric) {
            return Err(Unmaskable::Exhausted(strategy.word()));
        }
        Ok(Some("x".repeat(value.chars().count())))
    }

    fn attempt(
        &self,
        strategy: &Strategy,
        value: &str,
        normal: &str,
        shape: &Shape,
        attempt: u32,
    ) -> Result<String, Unmaskable> {
        let key = &self.key;
        let stream = &mut Stream::new(key, strategy.word(), normal, attempt);
        let limit = shape.max_chars.unwrap_or(usize::MAX);
        let number = matches!(shape.base, Base::Number { .. });
        Ok(match strategy {
            Strategy::Email => self.email(stream, limit)?,
            Strategy::Name => {
                let (given, family) = (stream.pick(&words::GIVEN), stream.pick(&words::FAMILY));
                fit([given, " ", family].concat(), stream, shape)
            }
            Strategy::ShortName => fit(stream.pick(&words::GIVEN).to_owned(), stream, shape),
            Strategy::Username => {
                if limit < 12 {
                    return Err(Unmaskable::TooShort("username", 12));
                }
                let mut name = "user-".to_owned();
                stream.hex_into(12.min(limit - 5), &mut name);
                name
            }
            Strategy::City => fit(stream.pick(&words::CITIES).to_owned(), stream, shape),
            Strategy::Street => {
                let street = format!("{} {}", stream.pick(&words::STREETS), 1 + stream.below(999));
                fit(street, stream, shape)
            }
            Strategy::Address => fit(address(stream, value), stream, shape),
            Strategy::Text => fit(filler(stream, value.chars().count()), stream, shape),
            Strategy::Url => truncate(format!("https://{}.{}/", stream.hex(16), self.email_domain), limit),
            Strategy::UserAgent => fit(stream.pick(&words::BROWSERS).to_owned(), stream, shape),
            Strategy::Hash | Strategy::Token if shape.base == Base::Uuid => uuid_of(stream),
            Strategy::Token | Strategy::Permutation if shape.base == Base::MacAddress => {
                hardware(stream, value)
            }
            Strategy::Hash if !number => stream.hex(limit.min(64)),
            Strategy::Token
            | Strategy::Permutation
            | Strategy::Phone
            | Strategy::Hash
            | Strategy::Postcode
                if number =>
            {
                numbers::number(key, stream, value, shape.base, attempt)
            }
            Strategy::Hash | Strategy::Token | Strategy::Postcode | Strategy::Permutation => {
                permutation::text(key, "token", value, 0, attempt).unwrap_or_else(|| stream.reshape(value))
            }
            Strategy::Phone => numbers::phone(key, stream, value, attempt),
            Strategy::Iban => numbers::iban(key, stream, value, attempt),
            Strategy::Card => numbers::card(key, stream, value, attempt),
            Strategy::Ip => numbers::ip(stream, value),
            Strategy::Coordinate => numbers::coordinate(stream, value).ok_or(Unmaskable::NotADegree)?,
            Strategy::DateShift | Strategy::DateOffset | Strategy::DateInYear
                if matches!(value, "infinity" | "-infinity") =>
            {
                "1970-01-01".to_owned()
            }
            Strategy::DateShift => numbers::shift(stream, value).ok_or(Unmaskable::NotADate("date-shift"))?,
            Strategy::DateOffset => {
                numbers::moved(value, self.offset).ok_or(Unmaskable::NotADate("date-offset"))?
            }
            Strategy::DateInYear => {
                numbers::in_year(stream, value).ok_or(Unmaskable::NotADate("date-in-year"))?
            }
            Strategy::Scrub
            | Strategy::Null
            | Strategy::Keep(_)
            | Strategy::Constant(_)
            | Strategy::Json(_)
            | Strategy::Elements(_)
            | Strategy::Xml(_)
            | Strategy::Hstore(_)
            | Strategy::Composite(_) => return Err(Unmaskable::NotScalar(strategy.word())),
        })
    }

    /// Bytes that are a text are masked as that text, others by as many bytes of nobody.
    fn bytes(&self, strategy: &Strategy, value: &str, shape: &Shape) -> Result<Option<String>, Unmaskable> {
        let bytes = unhex(value).ok_or(Unmaskable::Malformed("bytea"))?;
        if bytes.is_empty() {
            return Ok(Some("\\x".to_owned()));
        }
        let plain = Shape { base: Base::Text, ..*shape };
        let masked = if let Ok(text) = std::str::from_utf8(&bytes) {
            self.mask(strategy, text, &plain)?.unwrap_or_default().into_bytes()
        } else {
            let mut stream = Stream::new(&self.key, "bytes", value, 0);
            bytes.iter().map(|_| u8::try_from(stream.below(256)).unwrap_or(0)).collect()
        };
        let mut out = String::with_capacity(2 + masked.len() * 2);
        out.push_str("\\x");
        for byte in masked {
            for half in [byte >> 4, byte & 15] {
                out.push(char::from_digit(half.into(), 16).unwrap_or('0'));
            }
        }
        Ok(Some(out))
    }

    fn email(&self, stream: &mut Stream, limit: usize) -> Result<String, Unmaskable> {
        let rest = self.email_domain.chars().count() + 1;
        let digits = limit.saturating_sub(rest).min(20);
        if digits < 8 {
            return Err(Unmaskable::TooShort("email", rest + 8));
        }
        let mut address = String::with_capacity(digits + 1 + self.email_domain.len());
        stream.hex_into(digits, &mut address);
        address.push('@');
        address.push_str(&self.email_domain);
        Ok(address)
    }
}

/// What counts as the same value: case never does, and a phone is its digits.
fn normalise<'v>(strategy: &Strategy, value: &'v str) -> Cow<'v, str> {
    let lower = |value: &'v str| {
        if value.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
            Cow::Borrowed(value)
        } else {
            Cow::Owned(value.to_lowercase())
        }
    };
    match strategy {
        Strategy::Phone => Cow::Owned(value.chars().filter(|c| c.is_alphanumeric()).collect()),
        Strategy::Iban => {
            Cow::Owned(value.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase())
        }
        Strategy::Token | Strategy::Hash | Strategy::Permutation => Cow::Borrowed(value),
        Strategy::Email => lower(value.trim()),
        _ => lower(value),
    }
}

/// Whether chance could lead to what is somebody's: of long random digits, and places and dates, it cannot.
fn can_meet(strategy: &Strategy, shape: &Shape, masked: &str) -> bool {
    match strategy {
        Strategy::Email
        | Strategy::Iban
        | Strategy::Card
        | Strategy::Ip
        | Strategy::UserAgent
        | Strategy::Coordinate
        | Strategy::DateShift
        | Strategy::DateInYear => false,
        Strategy::Token if shape.base == Base::Uuid => false,
        Strategy::Hash => masked.len() < LONG,
        _ => true,
    }
}

/// Equal, whatever the case.
fn same(masked: &str, value: &str) -> bool {
    if masked.is_ascii() && value.is_ascii() {
        return masked.eq_ignore_ascii_case(value);
    }
    masked.to_lowercase() == value.to_lowercase()
}

/// Cuts to the column's length; in a unique index, a keyed suffix keeps different values different.
fn fit(text: String, stream: &mut Stream, shape: &Shape) -> String {
    let limit = shape.max_chars.unwrap_or(usize::MAX);
    if !shape.unique {
        return truncate(text, limit);
    }
    let suffix = stream.hex(16.min(limit));
    let room = limit.saturating_sub(suffix.len() + 1);
    if room == 0 { suffix } else { format!("{} {suffix}", truncate(text, room).trim_end()) }
}

/// The first `limit` characters.
pub(super) fn truncate(mut text: String, limit: usize) -> String {
    if text.len() > limit
        && let Some((end, _)) = text.char_indices().nth(limit)
    {
        text.truncate(end);
    }
    text
}

/// `\x616263` as bytes.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let half = |digit: u8| char::from(digit).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| {
            let [high, low] = pair else { return None };
            u8::try_from(half(*high)? << 4 | half(*low)?).ok()
        })
        .collect()
}

fn uuid_of(stream: &mut Stream) -> String {
    let h = stream.hex(32);
    format!("{}-{}-4{}-8{}-{}", &h[..8], &h[8..12], &h[13..16], &h[17..20], &h[20..])
}

/// A locally administered hardware address, as long as before.
fn hardware(stream: &mut Stream, value: &str) -> String {
    let groups = value.split(':').count().max(1);
    let hex: Vec<String> = (1..groups).map(|_| stream.hex(2)).collect();
    format!("02:{}", hex.join(":"))
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
    let end = truncate(out, chars.max(1));
    end.trim_end().to_owned()
}

#[cfg(test)]
#[path = "strategies_tests.rs"]
mod tests;
