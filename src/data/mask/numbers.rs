//! Masks of numbers with rules of their own: phones, IBANs, cards, IP addresses, dates.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::permutation;
use super::shape::Base;
use super::stream::{Key, Stream};

/// Other digits, the same format; the country code stays.
pub(super) fn phone(key: &Key, stream: &mut Stream, value: &str, attempt: u32) -> String {
    // `+1 555…`: the country code ends with the space, or is taken to be two digits.
    let kept = value.trim_start().strip_prefix('+').map_or(0, |rest| {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest[..end].chars().filter(char::is_ascii_digit).count().min(2)
    });
    permutation::text(key, "phone", value, kept, attempt).unwrap_or_else(|| stream.reshape(value))
}

/// The same country and length, right check digits, spaces where they were.
pub(super) fn iban(key: &Key, stream: &mut Stream, value: &str, attempt: u32) -> String {
    let compact: Vec<char> = value.chars().filter(|c| !c.is_whitespace()).collect();
    if compact.len() < 5 || !compact.iter().all(char::is_ascii_alphanumeric) {
        return stream.reshape(value);
    }
    let country: String = compact[..2].iter().collect::<String>().to_ascii_uppercase();
    let body: String = compact[4..].iter().map(char::to_ascii_uppercase).collect();
    let body = permutation::text(key, "iban", &body, 0, attempt).unwrap_or_else(|| stream.reshape(&body));
    let remainder = format!("{body}{country}00").chars().fold(0_u32, |remainder, c| {
        let digit = c.to_digit(36).unwrap_or(0);
        (remainder * if digit > 9 { 100 } else { 10 } + digit) % 97
    });
    let masked = format!("{country}{:02}{body}", 98 - remainder);
    let mut letters = masked.chars();
    value.chars().map(|c| if c.is_whitespace() { c } else { letters.next().unwrap_or(c) }).collect()
}

/// Other digits, the Luhn check still passes.
pub(super) fn card(key: &Key, stream: &mut Stream, value: &str, attempt: u32) -> String {
    let Some(last) = value.rfind(|c: char| c.is_ascii_digit()) else { return stream.reshape(value) };
    let body = &value[..last];
    if !body.contains(char::is_alphanumeric) {
        return stream.reshape(value);
    }
    let body = permutation::text(key, "card", body, 0, attempt).unwrap_or_else(|| stream.reshape(body));
    let mut out: Vec<char> = body.chars().collect();
    out.extend(value[last..].chars());
    let last = body.chars().count();
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
        let (a, b, c) = (stream.below(256), stream.below(256), 1 + stream.below(254));
        format!("10.{a}.{b}.{c}{prefix}")
    }
}

/// The date moved by 1 to 180 days either way; what follows the date stays. `None`: no date.
pub(super) fn shift(stream: &mut Stream, value: &str) -> Option<String> {
    let days = i64::try_from(1 + stream.below(180)).ok()?;
    moved(value, if stream.coin() { days } else { -days })
}

/// The date moved by so many days.
pub(super) fn moved(value: &str, days: i64) -> Option<String> {
    let (date, rest) = dated(value)?;
    Some(format!("{}{rest}", date.checked_add(days.days()).ok()?))
}

/// Another day of the same year.
pub(super) fn in_year(stream: &mut Stream, value: &str) -> Option<String> {
    let (date, rest) = dated(value)?;
    let (length, day) = (date.days_in_year(), date.day_of_year());
    // From 1 to all but one: never around to the same day.
    let moved = i16::try_from(1 + stream.below(usize::try_from(length - 1).ok()?)).ok()?;
    let moved = (day - 1 + moved) % length;
    Some(format!("{}{rest}", date.first_of_year().checked_add(i64::from(moved).days()).ok()?))
}

fn dated(value: &str) -> Option<(Date, &str)> {
    let (date, rest) = value.split_at_checked(10)?;
    // `0044-03-15 BC`: years before ours count the other way.
    if rest.ends_with("BC") {
        return None;
    }
    Some((date.parse().ok()?, rest))
}

/// A latitude or longitude of nobody, with as many decimals; both hold within 80 degrees.
pub(super) fn coordinate(stream: &mut Stream, value: &str) -> Option<String> {
    value.trim().parse::<f64>().ok().filter(|number| number.is_finite())?;
    let decimals = value.trim().split_once('.').map_or(0, |(_, decimals)| decimals.len().min(15));
    let whole = stream.below(80);
    let sign = if stream.coin() { "-" } else { "" };
    let fraction: String = (0..decimals).map(|_| stream.replace('0')).collect();
    Some(if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// Another number with as many digits that fits its type; decimals change, their count stays.
pub(super) fn number(key: &Key, stream: &mut Stream, value: &str, base: Base, attempt: u32) -> String {
    let most = match base {
        Base::Number { bytes: 2 } => 32_767,
        Base::Number { bytes: 4 } => 2_147_483_647,
        _ => 9_223_372_036_854_775_807,
    };
    if let Some(masked) = permutation::integer(key, "token", value, most, attempt) {
        return masked;
    }
    // No digit in front: it could fall off or exceed the type.
    let from = value.find(|c: char| c.is_ascii_digit()).map_or(0, |at| at + 1);
    format!("{}{}", &value[..from], stream.reshape(&value[from..]).replace(|c: char| c.is_alphabetic(), "0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new("key")
    }

    fn stream(value: &str) -> Stream {
        Stream::new(&key(), "test", value, 0)
    }

    #[test]
    fn a_phone_keeps_its_country_and_its_format() {
        let masked = phone(&key(), &mut stream("x"), "+49 170 1234567", 0);
        assert!(masked.starts_with("+49 ") && masked.len() == 15, "{masked}");
        assert_ne!(masked, "+49 170 1234567");
        let masked = phone(&key(), &mut stream("y"), "(555) 555-0123", 0);
        assert!(masked.starts_with('(') && masked.contains(") ") && masked.contains('-'), "{masked}");
    }

    #[test]
    fn a_masked_iban_has_right_check_digits() {
        let masked = iban(&key(), &mut stream("x"), "DE89 3704 0044 0532 0130 00", 0);
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
        let masked = card(&key(), &mut stream("x"), "4111 1111 1111 1111", 0);
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
        for year in [2023, 2024] {
            for day in 0..366 {
                let date = format!("{year}-01-01").parse::<Date>().unwrap() + i64::from(day).days();
                let masked = in_year(&mut stream(&date.to_string()), &date.to_string()).unwrap();
                assert!(masked[..4] == date.to_string()[..4] && masked != date.to_string(), "{masked}");
            }
        }
    }

    #[test]
    fn numbers_fit_their_type_and_coordinates_the_globe() {
        for (value, bytes, most) in [("32767", 2, 32_767), ("2147483647", 4, 2_147_483_647)] {
            let masked = number(&key(), &mut stream(value), value, Base::Number { bytes }, 0);
            assert!(masked != value && masked.len() == value.len() && masked.parse::<i64>().unwrap() <= most);
        }
        let masked = number(&key(), &mut stream("x"), "12.50", Base::Number { bytes: 0 }, 0);
        assert!(masked.starts_with('1') && masked.len() == 5 && masked.parse::<f64>().is_ok(), "{masked}");
        let masked = coordinate(&mut stream("x"), "52.520008").unwrap();
        assert!(masked.parse::<f64>().unwrap().abs() < 81.0 && masked.split_once('.').unwrap().1.len() == 6);
    }
}
