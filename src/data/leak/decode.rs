//! Texts inside of texts: JSON and array escapes, XML and HTML entities, tags, percent signs, base64,
//! hexadecimal, UTF-16. Whoever hides a value, mostly a library, uses one of these.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::tokens::Marks;

/// An encoding inside of an encoding inside of an encoding; nobody goes deeper.
const DEPTH: usize = 3;
/// Characters from which on a word is tried as base64 or hexadecimal.
pub const ENCODED: usize = 12;

/// Shows every text that is encoded in this one; `see` answers with the marks of what it was shown.
/// Without `long_words`, it holds no base64 or hexadecimal.
pub fn each(text: &str, marks: Marks, long_words: bool, see: &mut dyn FnMut(&str) -> Marks) {
    descend(text, DEPTH, marks, long_words, see);
}

fn descend(text: &str, depth: usize, marks: Marks, long_words: bool, see: &mut dyn FnMut(&str) -> Marks) {
    if depth == 0 {
        return;
    }
    let mut found = |inner: &str| {
        let marks = see(inner);
        descend(inner, depth - 1, marks, true, see);
    };
    if marks.escapes {
        found(&unescape(text));
    }
    // With the tags, for their attributes, and without them.
    for (there, tags) in [(marks.entities, true), (marks.tags, false)] {
        if there {
            let plain = markup(text, tags);
            if plain != text {
                found(&plain);
            }
        }
    }
    if marks.percents
        && let Some(plain) = percent(text.as_bytes())
    {
        found(&plain);
    }
    if !long_words {
        return;
    }
    let part = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-'));
    for word in text.as_bytes().split(part).filter(|word| word.len() >= ENCODED) {
        let Ok(word) = std::str::from_utf8(word) else { continue };
        for inner in [hexadecimal(word), base64(word)].into_iter().flatten() {
            found(&inner);
        }
    }
}

/// Bytes as text: UTF-8, else UTF-16; what is neither stays readable where it can.
pub fn bytes(bytes: &[u8]) -> Cow<'_, str> {
    utf16(bytes).map_or_else(|| String::from_utf8_lossy(bytes), Cow::Owned)
}

/// UTF-16 of mostly Latin text shows by its zeros.
fn utf16(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(512)];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|&&byte| byte == 0).count() * 3;
    let read: fn([u8; 2]) -> u16 = match head.len() / 2 {
        0..4 => return None,
        pairs if zeros(1) > pairs * 2 && zeros(0) < pairs => u16::from_le_bytes,
        pairs if zeros(0) > pairs * 2 && zeros(1) < pairs => u16::from_be_bytes,
        _ => return None,
    };
    let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// `\u00e9`, `\n`, `\"`, however often the backslash was itself escaped.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut high: Option<u32> = None;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches('\\');
        let hex =
            |from: usize, to: usize| rest.get(from..to).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let Some(c) = rest.chars().next() else { break };
        let mut length = c.len_utf8();
        match (c, hex(1, 5), hex(1, 3)) {
            ('u', Some(code), _) => {
                length = 5;
                if let (Some(first), 0xdc00..0xe000) = (high.take(), code) {
                    out.extend(char::from_u32(0x1_0000 + ((first - 0xd800) << 10 | (code - 0xdc00))));
                } else if (0xd800..0xdc00).contains(&code) {
                    high = Some(code);
                } else {
                    out.extend(char::from_u32(code));
                }
            }
            ('x', _, Some(code)) => {
                length = 3;
                out.extend(char::from_u32(code));
            }
            ('n' | 'r' | 't' | 'b' | 'f' | 'v', ..) => out.push(' '),
            (other, ..) => out.push(other),
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// Each entity as its character; tags stay or go.
fn markup(text: &str, tags: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c| c == '&' || c == '<' && !tags) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (end, limit) = if rest.starts_with('&') { (';', 12) } else { ('>', 2000) };
        let inner = rest.find(end).filter(|&length| length <= limit).map(|length| &rest[1..length]);
        let seen = match inner {
            Some(_) if end == '>' => Some(Cow::Borrowed(" ")),
            Some(name) => entity(name).map(Cow::Owned),
            None => None,
        };
        if let (Some(seen), Some(inner)) = (seen, inner) {
            out.push_str(&seen);
            rest = &rest[inner.len() + 2..];
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32).map(String::from);
    }
    let known = match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        "nbsp" => " ",
        "szlig" => "ß",
        "aelig" => "æ",
        "oslash" => "ø",
        "Oslash" => "Ø",
        "commat" => "@",
        "period" => ".",
        "plus" => "+",
        _ => {
            let (letter, accent) = name.split_at_checked(1)?;
            let mark = match accent {
                "uml" => '\u{308}',
                "acute" => '\u{301}',
                "grave" => '\u{300}',
                "circ" => '\u{302}',
                "tilde" => '\u{303}',
                "cedil" => '\u{327}',
                "ring" => '\u{30a}',
                "caron" => '\u{30c}',
                _ => return None,
            };
            return Some(format!("{letter}{mark}"));
        }
    };
    Some(known.to_owned())
}

/// `%40` as `@`, where there is such a sign at all.
fn percent(text: &[u8]) -> Option<String> {
    let digit = |at: usize| text.get(at).and_then(|&byte| (byte as char).to_digit(16));
    let (mut out, mut at, mut any) = (Vec::with_capacity(text.len()), 0, false);
    while at < text.len() {
        if let (b'%', Some(high), Some(low)) = (text[at], digit(at + 1), digit(at + 2)) {
            out.push((high << 4 | low) as u8);
            (at, any) = (at + 3, true);
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    any.then(|| String::from_utf8_lossy(&out).into_owned())
}

fn hexadecimal(word: &str) -> Option<String> {
    // `\x…`, as `bytea` is written, leaves an `x` before the digits.
    let word = word.strip_prefix('x').unwrap_or(word);
    if !word.len().is_multiple_of(2) || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
    readable(
        &word.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect::<Vec<_>>(),
    )
}

fn base64(word: &str) -> Option<String> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    let coder = if word.contains(['_', '-']) { &URL } else { &STANDARD };
    readable(&coder.decode(word).ok()?)
}

/// Only what is text: random bytes are not, and hardly ever look it.
fn readable(bytes: &[u8]) -> Option<String> {
    let text = match utf16(bytes) {
        Some(text) => text,
        None => std::str::from_utf8(bytes).ok()?.to_owned(),
    };
    let printable = |c: char| !c.is_control() || c.is_whitespace();
    (text.len() >= 6 && text.chars().all(printable)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::super::tokens::{Key, Tokens};
    use super::*;
    use proptest::prelude::proptest;

    fn marks(text: &str) -> Marks {
        let mut tokens = Tokens::new(Key([1, 2]));
        tokens.read(text);
        tokens.marks
    }

    fn shows(text: &str, wanted: &str) -> bool {
        let mut shown = false;
        each(text, marks(text), true, &mut |inner| {
            shown |= inner.contains(wanted);
            marks(inner)
        });
        shown
    }

    #[test]
    fn escapes_are_read_however_deep() {
        assert!(shows(r#"{"a":"jan\u00e9 d\u006fe"}"#, "jané doe"));
        assert!(shows(r#"{"{\"a\": \"jan\\u00e9\"}"}"#, "jané"));
        assert!(shows(r"Anna\nSchmidt", "Anna Schmidt"));
        assert!(shows(r"\ud83d\ude00!", "😀!"));
    }

    #[test]
    fn markup_gives_its_text() {
        assert!(shows("<p>J&ouml;rg <b>M&#252;ller</b></p>", "o\u{308}rg  Müller"));
        assert!(shows("jane&#x40;real.example", "jane@real.example"));
        assert!(shows("a &lt;jane&gt; b", "<jane>"));
        assert!(!shows("1 < 2 & 3", "2"));
    }

    #[test]
    fn wrapped_text_is_unwrapped() {
        assert!(shows("?to=jane%40real.example", "jane@real.example"));
        assert!(shows("token amFuZUByZWFsLmV4YW1wbGU=", "jane@real.example"));
        assert!(shows("6a616e65407265616c2e6578616d706c65", "jane@real.example"));
        assert!(
            shows("eyJhIjoiYW1GdVpVQnlaV0ZzTG1WNFlXMXdiR1U9In0", "jane@real.example"),
            "base64 in base64"
        );
        let wide: Vec<u8> = "jane@real.example".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(bytes(&wide), "jane@real.example");
        let wide: Vec<u8> = "jane@real.example".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(bytes(&wide), "jane@real.example");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,60}", odd in "[\\\\&<>%#;xu0-9a-fé]{0,30}") {
            each(&text, marks(&text), true, &mut marks);
            each(&odd, marks(&odd), true, &mut marks);
        }
    }
}
