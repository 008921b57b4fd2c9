//! Arrays: dimensions, the element's type, then counted elements.

use super::codec::{BROKEN_ARRAY as BROKEN, take};
use crate::data::mask::Unmaskable;

/// Sees an element and appends its new value.
pub type Element<'e> = dyn FnMut(&[u8], &mut Vec<u8>) -> Result<bool, Unmaskable> + 'e;

/// Appends `field` with each element that is not NULL replaced; what `element` appends is its new value,
/// and `false` makes it NULL.
pub fn rewrite(mut field: &[u8], out: &mut Vec<u8>, element: &mut Element<'_>) -> Result<(), Unmaskable> {
    let whole = field;
    let dimensions = take::<4>(&mut field).map(i32::from_be_bytes).ok_or(BROKEN)?;
    let (_flags, _type) = (take::<4>(&mut field).ok_or(BROKEN)?, take::<4>(&mut field).ok_or(BROKEN)?);
    let mut count = usize::from(dimensions > 0);
    for _ in 0..dimensions {
        let length = take::<4>(&mut field).map(i32::from_be_bytes).ok_or(BROKEN)?;
        take::<4>(&mut field).ok_or(BROKEN)?;
        count = usize::try_from(length).ok().and_then(|n| count.checked_mul(n)).ok_or(BROKEN)?;
    }
    let start = out.len();
    out.extend_from_slice(&whole[..whole.len() - field.len()]);
    let mut nulls = false;
    for _ in 0..count {
        let length = take::<4>(&mut field).map(i32::from_be_bytes).ok_or(BROKEN)?;
        let at = out.len();
        out.extend_from_slice(&length.to_be_bytes());
        if length == -1 {
            nulls = true;
            continue;
        }
        let (value, rest) =
            field.split_at_checked(usize::try_from(length).map_err(|_| BROKEN)?).ok_or(BROKEN)?;
        field = rest;
        let length = if element(value, out)? {
            (out.len() - at - 4) as i32
        } else {
            out.truncate(at + 4);
            nulls = true;
            -1
        };
        out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
    // The flag says whether the elements include NULL.
    out[start + 4..start + 8].copy_from_slice(&i32::from(nulls).to_be_bytes());
    if field.is_empty() { Ok(()) } else { Err(BROKEN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(flags: i32, dimensions: &[i32], elements: &[Option<&str>]) -> Vec<u8> {
        let mut out = Vec::new();
        for number in [dimensions.len() as i32, flags, 25] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        for length in dimensions {
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(&1_i32.to_be_bytes());
        }
        for element in elements {
            super::super::put_field(element.map(str::as_bytes), &mut out);
        }
        out
    }

    #[test]
    fn each_element_is_replaced_and_null_stays() {
        let mut out = b"before".to_vec();
        let given = array(0, &[2, 2], &[Some("a"), None, Some("drop"), Some("d")]);
        rewrite(&given, &mut out, &mut |element, out| {
            out.extend_from_slice(b"<");
            out.extend_from_slice(element);
            Ok(element != b"drop")
        })
        .unwrap();
        assert_eq!(&out[6..], array(1, &[2, 2], &[Some("<a"), None, None, Some("<d")]));
        let mut out = Vec::new();
        rewrite(&array(0, &[], &[]), &mut out, &mut |_, _| Ok(true)).unwrap();
        assert_eq!(out, array(0, &[], &[]));
    }

    #[test]
    fn a_broken_array_is_told() {
        let given = array(0, &[2], &[Some("a")]);
        for bytes in [&given[..], &given[..5], &[]] {
            assert_eq!(rewrite(bytes, &mut Vec::new(), &mut |_, _| Ok(true)), Err(BROKEN));
        }
    }
}
