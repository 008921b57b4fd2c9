//! Fields of the types that masks work on: binary to the server's own text, and back.

use std::borrow::Cow;
use std::net::IpAddr;

use super::{array, time};
use crate::data::mask::Unmaskable;

/// How one plain value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The text itself: also varchar, citext, json, xml.
    Text,
    /// A version byte, then text.
    Jsonb,
    Uuid,
    /// An address with its prefix length, which is always written out for `cidr`.
    Network {
        cidr: bool,
    },
    Date,
    Timestamp {
        zoned: bool,
    },
    /// Two's complement, of 2, 4 or 8 bytes.
    Integer(usize),
    /// As `\x` and hexadecimal digits.
    Bytes,
}

/// How a column is written: a plain value, or an array of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    pub kind: Kind,
    pub is_array: bool,
}

pub(super) const BROKEN_ARRAY: Unmaskable = Unmaskable::Malformed("array");

impl Codec {
    /// That of a type at the bottom of domains and arrays; `None` where only the text format will do.
    pub fn of(base_type: &str, is_array: bool) -> Option<Self> {
        let kind = match base_type {
            "text" | "varchar" | "bpchar" | "name" | "citext" | "json" | "xml" => Kind::Text,
            "jsonb" => Kind::Jsonb,
            "uuid" => Kind::Uuid,
            "inet" => Kind::Network { cidr: false },
            "cidr" => Kind::Network { cidr: true },
            "date" => Kind::Date,
            "timestamp" => Kind::Timestamp { zoned: false },
            "timestamptz" => Kind::Timestamp { zoned: true },
            "int2" => Kind::Integer(2),
            "int4" => Kind::Integer(4),
            "int8" => Kind::Integer(8),
            "bytea" => Kind::Bytes,
            _ => return None,
        };
        Some(Self { kind, is_array })
    }

    /// Appends `field` as `visit` rewrites its text, element by element in an array; `false` is NULL.
    pub fn rewrite(
        self,
        field: &[u8],
        out: &mut Vec<u8>,
        visit: &mut dyn FnMut(&str) -> Result<Option<String>, Unmaskable>,
    ) -> Result<bool, Unmaskable> {
        let mut plain = |field: &[u8], out: &mut Vec<u8>| {
            let Some(text) = visit(&self.kind.decode(field)?)? else { return Ok(false) };
            self.kind.encode(&text, out).map(|()| true)
        };
        if self.is_array { array::rewrite(field, out, &mut plain).map(|()| true) } else { plain(field, out) }
    }
}

impl Kind {
    /// The text that the server would write.
    pub fn decode(self, mut field: &[u8]) -> Result<Cow<'_, str>, Unmaskable> {
        let text =
            |bytes| std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Unmaskable::Malformed("UTF-8"));
        match self {
            Self::Text => text(field),
            Self::Jsonb => match field.split_first() {
                Some((1, json)) => text(json),
                _ => Err(self.malformed()),
            },
            Self::Uuid => {
                let h = hex(&field.try_into().map(|b: [u8; 16]| b).map_err(|_| self.malformed())?);
                Ok(format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..]).into())
            }
            Self::Network { cidr } => network(field, cidr).map(Into::into).ok_or(self.malformed()),
            Self::Date => {
                time::date(take(&mut field).map(i32::from_be_bytes).ok_or(self.malformed())?).map(Into::into)
            }
            Self::Timestamp { zoned } => {
                let micros = take(&mut field).map(i64::from_be_bytes).ok_or(self.malformed())?;
                time::timestamp(micros, zoned).map(Into::into)
            }
            Self::Integer(size) => {
                let negative = field.first().is_some_and(|byte| byte & 0x80 != 0);
                let mut bytes = [if negative { 0xff } else { 0 }; 8];
                bytes
                    .get_mut(8 - size..)
                    .filter(|_| field.len() == size)
                    .ok_or(self.malformed())?
                    .copy_from_slice(field);
                Ok(i64::from_be_bytes(bytes).to_string().into())
            }
            Self::Bytes => Ok(format!("\\x{}", hex(field)).into()),
        }
    }

    /// Appends what the server reads for this text.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) -> Result<(), Unmaskable> {
        let malformed = || self.malformed();
        match self {
            Self::Text => out.extend_from_slice(text.as_bytes()),
            Self::Jsonb => {
                out.push(1);
                out.extend_from_slice(text.as_bytes());
            }
            Self::Uuid => {
                let digits: String = text.chars().filter(|c| !matches!(c, '-' | '{' | '}')).collect();
                let bytes = unhex(&digits).filter(|bytes| bytes.len() == 16).ok_or_else(malformed)?;
                out.extend_from_slice(&bytes);
            }
            Self::Network { cidr } => put_network(text, cidr, out).ok_or_else(malformed)?,
            Self::Date => out.extend_from_slice(&time::days(text)?.to_be_bytes()),
            Self::Timestamp { .. } => out.extend_from_slice(&time::micros(text)?.to_be_bytes()),
            Self::Integer(size) => {
                let number: i64 = text.parse().map_err(|_| malformed())?;
                let bytes = number.to_be_bytes();
                // What is cut off must repeat the sign.
                let (cut, kept) = bytes.split_at(8 - size);
                let sign = if number < 0 { 0xff } else { 0 };
                if cut.iter().any(|&byte| byte != sign) || (kept[0] & 0x80 != 0) != (number < 0) {
                    return Err(malformed());
                }
                out.extend_from_slice(kept);
            }
            Self::Bytes => match text.strip_prefix("\\x") {
                Some(digits) => out.extend_from_slice(&unhex(digits).ok_or_else(malformed)?),
                None if text.contains('\\') => return Err(malformed()),
                None => out.extend_from_slice(text.as_bytes()),
            },
        }
        Ok(())
    }

    fn malformed(self) -> Unmaskable {
        Unmaskable::Malformed(match self {
            Self::Text => "text",
            Self::Jsonb => "jsonb",
            Self::Uuid => "uuid",
            Self::Network { .. } => "network address",
            Self::Date => "date",
            Self::Timestamp { .. } => "time",
            Self::Integer(_) => "integer",
            Self::Bytes => "bytea",
        })
    }
}

/// Takes the first bytes off.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

const IPV4: u8 = 2;
const IPV6: u8 = 3;

fn network(field: &[u8], cidr: bool) -> Option<String> {
    let (&[family, bits, _, _], address) = field.split_first_chunk::<4>()?;
    let address = match family {
        IPV4 => IpAddr::from(<[u8; 4]>::try_from(address).ok()?),
        IPV6 => IpAddr::from(<[u8; 16]>::try_from(address).ok()?),
        _ => return None,
    };
    let host = bits == if address.is_ipv4() { 32 } else { 128 };
    Some(if host && !cidr { address.to_string() } else { format!("{address}/{bits}") })
}

fn put_network(text: &str, cidr: bool, out: &mut Vec<u8>) -> Option<()> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let (family, most) = if address.is_ipv4() { (IPV4, 32) } else { (IPV6, 128) };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok()).filter(|bits| *bits <= most)?;
    out.extend_from_slice(&[family, bits, u8::from(cidr), most / 8]);
    match address {
        IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
        IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
    }
    Some(())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(if n < 10 { b'0' + n } else { b'a' + n - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    digits
        .len()
        .is_multiple_of(2)
        .then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(base_type: &str, text: &str) -> Vec<u8> {
        let kind = Codec::of(base_type, false).unwrap().kind;
        let mut out = Vec::new();
        kind.encode(text, &mut out).unwrap();
        assert_eq!(kind.decode(&out).unwrap(), text, "{base_type}");
        out
    }

    #[test]
    fn every_type_is_read_as_it_was_written() {
        assert_eq!(there_and_back("text", "é\n"), "é\n".as_bytes());
        assert_eq!(there_and_back("jsonb", "{}"), b"\x01{}");
        assert_eq!(there_and_back("uuid", "00112233-4455-6677-8899-aabbccddeeff")[15], 0xff);
        assert_eq!(there_and_back("inet", "10.1.2.3"), [2, 32, 0, 4, 10, 1, 2, 3]);
        assert_eq!(there_and_back("cidr", "10.1.2.0/24"), [2, 24, 1, 4, 10, 1, 2, 0]);
        there_and_back("inet", "fd00::1/64");
        assert_eq!(there_and_back("date", "1999-12-31"), (-1_i32).to_be_bytes());
        there_and_back("timestamptz", "2025-11-21 06:40:00.25+00");
        assert_eq!(there_and_back("int2", "-2"), (-2_i16).to_be_bytes());
        there_and_back("int8", "-9223372036854775808");
        assert_eq!(there_and_back("bytea", "\\x00ff"), [0, 255]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (base_type, text) in [
            ("uuid", "00112233"),
            ("inet", "10.0.0.1/33"),
            ("date", "yesterday"),
            ("int2", "32768"),
            ("int4", "-2147483649"),
            ("bytea", "\\xabc"),
        ] {
            let kind = Codec::of(base_type, false).unwrap().kind;
            assert!(kind.encode(text, &mut Vec::new()).is_err(), "{base_type} {text}");
        }
        assert!(Kind::Jsonb.decode(b"\x02{}").is_err() && Kind::Integer(4).decode(b"\x01").is_err());
        assert_eq!(Codec::of("numeric", false), None);
    }

    #[test]
    fn a_plain_value_can_become_null() {
        let codec = Codec::of("text", false).unwrap();
        let mut out = Vec::new();
        assert!(!codec.rewrite(b"a", &mut out, &mut |_| Ok(None)).unwrap());
        assert!(codec.rewrite(b"a", &mut out, &mut |text| Ok(Some(format!("{text}!")))).unwrap());
        assert_eq!(out, b"a!");
    }
}
