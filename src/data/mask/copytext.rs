//! The text format of COPY: fields parted by tabs, `\N` for NULL, backslash escapes.

use std::borrow::Cow;

use super::Unmaskable;

/// The fields of a line without its line break, still escaped.
pub fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&b| b == b'\t')
}

/// A field's value; `None` is NULL.
pub fn decode(field: &[u8]) -> Result<Option<Cow<'_, str>>, Unmaskable> {
    if field == b"\\N" {
        return Ok(None);
    }
    if !field.contains(&b'\\') {
        return std::str::from_utf8(field)
            .map(|text| Some(Cow::Borrowed(text)))
            .map_err(|_| Unmaskable::Malformed("UTF-8"));
    }
    let mut out = Vec::with_capacity(field.len());
    let mut bytes = field.iter();
    while let Some(&b) = bytes.next() {
        if b != b'\\' {
            out.push(b);
            continue;
        }
        out.push(match bytes.next() {
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(&other) => other,
            None => return Err(Unmaskable::Malformed("COPY field")),
        });
    }
    String::from_utf8(out).map(|text| Some(Cow::Owned(text))).map_err(|_| Unmaskable::Malformed("UTF-8"))
}

/// Appends a value, escaped.
pub fn encode(value: Option<&str>, out: &mut Vec<u8>) {
    let Some(value) = value else { return out.extend_from_slice(b"\\N") };
    for b in value.bytes() {
        match b {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b => out.push(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(value in "(\\PC|[\\\\\t\n\r]){0,30}") {
            let mut out = Vec::new();
            encode(Some(&value), &mut out);
            prop_assert!(!out.contains(&b'\t') && !out.contains(&b'\n'));
            let decoded = decode(&out).unwrap();
            prop_assert_eq!(decoded.as_deref(), Some(value.as_str()));
        }
    }

    #[test]
    fn null_is_no_text() {
        assert_eq!(decode(b"\\N").unwrap(), None);
        assert_eq!(decode(b"\\\\N").unwrap().as_deref(), Some("\\N"));
    }
}
