//! A field of the binary stream as the text to look at. Pure.

use std::borrow::Cow;

use super::decode;

/// How a field of the stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Text,
    /// A version byte, then text.
    Jsonb,
    /// Any bytes: a text in some encoding, or a document.
    Bytes,
    /// Two's complement.
    Integer,
    /// In groups of four decimal digits.
    Numeric,
    Uuid,
}

/// Smaller numbers have not the digits of a telephone number.
const LEAST: u64 = 1_000_000;

impl Look {
    /// The text; `None`: there is none.
    pub fn text(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        let text = match self {
            Self::Text => String::from_utf8_lossy(bytes),
            Self::Jsonb => String::from_utf8_lossy(bytes.get(1..)?),
            Self::Bytes => decode::bytes(bytes),
            Self::Integer => integer(bytes)?.to_string().into(),
            Self::Numeric => numeric(bytes)?.into(),
            Self::Uuid => {
                let mut text = String::with_capacity(36);
                for (at, byte) in bytes.iter().enumerate() {
                    if matches!(at, 4 | 6 | 8 | 10) {
                        text.push('-');
                    }
                    for digit in [byte >> 4, byte & 15] {
                        text.extend(char::from_digit(digit.into(), 16));
                    }
                }
                text.into()
            }
        };
        (!text.is_empty()).then_some(text)
    }
}

fn integer(bytes: &[u8]) -> Option<u64> {
    let number = match bytes.len() {
        4 => i64::from(i32::from_be_bytes(*bytes.first_chunk()?)),
        8 => i64::from_be_bytes(*bytes.first_chunk()?),
        _ => return None,
    };
    Some(number.unsigned_abs()).filter(|&number| number >= LEAST)
}

/// The digits before the point.
fn numeric(bytes: &[u8]) -> Option<String> {
    let mut words = bytes.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
    let (_count, weight, sign, _scale) = (words.next()?, words.next()?, words.next()?, words.next()?);
    // Beyond it stand NaN and the infinities; a weight below zero is a number below one.
    if sign > 0x4000 || !(1..0x8000).contains(&weight) {
        return None;
    }
    let mut digits = words.next()?.to_string();
    if weight == 1 && digits.len() < 3 {
        return None;
    }
    for _ in 0..weight {
        // Zeros at the end are not sent.
        digits.push_str(&format!("{:04}", words.next().unwrap_or(0)));
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the server sends it: groups of four digits, and the place of the first before the point.
    fn numeric(weight: i16, sign: u16, groups: &[u16]) -> Vec<u8> {
        let head = [groups.len() as u16, weight as u16, sign, 2];
        head.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numbers_with_the_digits_of_a_telephone_are_read_and_smaller_ones_are_not() {
        let text = |look: Look, bytes: &[u8]| look.text(bytes).map(Cow::into_owned);
        assert_eq!(text(Look::Integer, &1_701_234_567_i32.to_be_bytes()), Some("1701234567".into()));
        assert_eq!(text(Look::Integer, &(-491_701_234_567_i64).to_be_bytes()), Some("491701234567".into()));
        assert_eq!(text(Look::Integer, &999_999_i64.to_be_bytes()), None);
        assert_eq!(text(Look::Numeric, &numeric(2, 0, &[1, 7012, 3456, 70])), Some("170123456".into()));
        assert_eq!(text(Look::Numeric, &numeric(2, 0x4000, &[49])), Some("4900000000".into()));
        assert_eq!(text(Look::Numeric, &numeric(1, 0, &[100])), Some("1000000".into()));
        assert_eq!(text(Look::Numeric, &numeric(1, 0, &[99, 9999])), None);
        assert_eq!(text(Look::Numeric, &numeric(-1, 0, &[1234])), None);
        assert_eq!(text(Look::Numeric, &numeric(0, 0xc000, &[])), None);
    }

    #[test]
    fn an_id_is_written_as_the_server_writes_it() {
        let bytes: Vec<u8> = (0..16).map(|byte| byte * 17).collect();
        assert_eq!(Look::Uuid.text(&bytes).as_deref(), Some("00112233-4455-6677-8899-aabbccddeeff"));
    }

    #[test]
    fn nothing_is_no_text() {
        for look in [Look::Text, Look::Jsonb, Look::Bytes, Look::Integer, Look::Numeric, Look::Uuid] {
            assert_eq!(look.text(b""), None);
        }
    }
}
