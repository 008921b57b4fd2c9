//! Masks of numbers with rules of their own: phones, IBANs, cards, IP addresses, dates.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::stream::Stream;

/// Other digits, the same format; the country code stays.
pub(super) fn phone(stream: &mut Stream, value: &str) -> String {
    let international = value.trim_start().starts_with('+');
    let mut kept = if international { 2 } else { 0 };
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_numeric() {
            if kept > 0 {
                kept -= 1;
                out.push(c);
            } else {
                out.push(stream.replace(c));
            }
        } else {
            // `+1 555…`: the country code has ended.
            if c.is_whitespace() && out.chars().any(char::is_numeric) {
                kept = 0;
            }
            out.push(if c.is_alphabetic() { stream.replace(c) } else { c });
        }
    }
    out
}

/// The same country and length, right check digits, spaces where they were.
pub(super) fn iban(stream: &mut Stream, value: &str) -> String {
    let compact: Vec<char> = value.chars().filter(|c| !c.is_whitespace()).collect();
    if compact.len() < 5 || !compact.iter().all(char::is_ascii_alphanumeric) {
        return stream.reshape(value);
    }
    let country: String = compact[..2].iter().collect::<String>().to_ascii_uppercase();
    let body: String = compact[4..].iter().map(|&c| stream.replace(c).to_ascii_uppercase()).collect();
    let remainder = format!("{body}{country}00").chars().fold(0_u32, |remainder, c| {
        let digit = c.to_digit(36).unwrap_or(0);
        (remainder * if digit > 9 { 100 } else { 10 } + digit) % 97
    });
    let masked = format!("{country}{:02}{body}", 98 - remainder);
    let mut letters = masked.chars();
    value.chars().map(|c| if c.is_whitespace() { c } else { letters.next().unwrap_or(c) }).collect()
}

/// Other digits, the Luhn check still passes.
pub(super) fn card(stream: &mut Stream, value: &str) -> String {
    let mut out: Vec<char> = value.chars().map(|c| stream.replace(c)).collect();
    let Some(last) = out.iter().rposition(char::is_ascii_digit) else { return out.into_iter().collect() };
    let sum: u32 = out[..last]
        .iter()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(i, d)| if i % 2 == 0 { d * 2 / 10 + d * 2 % 10 } else { d })
        .sum();
    out[last] = char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0');
    out.into_iter().collect()
}

/// A private address of the same family; a prefix length stays.
pub(super) fn ip(stream: &mut Stream, value: &str) -> String {
    let (address, prefix) =
        value.split_once('/').map_or((value, String::new()), |(a, p)| (a, format!("/{p}")));
    if address.contains(':') {
        let mut groups: Vec<String> = (0..7).map(|_| stream.hex(4)).collect();
        groups.insert(0, "fd00".to_owned());
        format!("{}{prefix}", groups.join(":"))
    } else {
        format!("10.{}.{}.{}{prefix}", stream.byte(), stream.byte(), 1 + stream.below(254))
    }
}

/// The date moved by 1 to 180 days either way; what follows the date stays. `None`: no date.
pub(super) fn shift(stream: &mut Stream, value: &str) -> Option<String> {
    let (date, rest) = value.split_at_checked(10)?;
    let date: Date = date.parse().ok()?;
    let days = i64::try_from(1 + stream.below(180)).ok()?;
    let days = if stream.byte() & 1 == 0 { days } else { -days };
    Some(format!("{}{rest}", date.checked_add(days.days()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(value: &str) -> Stream {
        Stream::new(b"key", "test", value, 0)
    }

    #[test]
    fn a_phone_keeps_its_country_and_its_format() {
        let masked = phone(&mut stream("x"), "+49 170 1234567");
        assert!(masked.starts_with("+49 ") && masked.len() == 15, "{masked}");
        assert_ne!(masked, "+49 170 1234567");
        let masked = phone(&mut stream("y"), "(555) 555-0123");
        assert!(masked.starts_with('(') && masked.contains(") ") && masked.contains('-'), "{masked}");
    }

    #[test]
    fn a_masked_iban_has_right_check_digits() {
        let masked = iban(&mut stream("x"), "DE89 3704 0044 0532 0130 00");
        assert!(masked.starts_with("DE") && masked.len() == 27, "{masked}");
        let compact: String = masked.replace(' ', "");
        let moved = format!("{}{}", &compact[4..], &compact[..4]);
        let remainder = moved.chars().fold(0_u32, |r, c| {
            let d = c.to_digit(36).unwrap();
            (r * if d > 9 { 100 } else { 10 } + d) % 97
        });
        assert_eq!(remainder, 1, "{masked}");
    }

    #[test]
    fn a_masked_card_passes_luhn() {
        let masked = card(&mut stream("x"), "4111 1111 1111 1111");
        let sum: u32 = masked
            .chars()
            .rev()
            .filter_map(|c| c.to_digit(10))
            .enumerate()
            .map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { d })
            .sum();
        assert_eq!(sum % 10, 0, "{masked}");
    }

    #[test]
    fn a_date_moves_and_keeps_its_time() {
        let shifted = shift(&mut stream("x"), "1990-05-17 10:11:12").unwrap();
        assert!(shifted.ends_with(" 10:11:12") && !shifted.starts_with("1990-05-17"), "{shifted}");
        assert!(shift(&mut stream("x"), "infinity").is_none());
    }
}
