//! A keyed permutation of the values of one format: no two values get the same mask, none keeps its own.

use super::stream::Key;

/// Below this size a format's values can collide; larger ones are told apart by chance alone.
const LARGEST: u64 = 1 << 62;
/// Of one pass; a number goes through two.
const ROUNDS: u64 = 6;

/// A permutation of the numbers below `size`.
pub(super) struct Permutation {
    size: u64,
    left: u64,
    right: u64,
    keys: [u64; 4],
}

impl Permutation {
    /// `None` where there is nothing to exchange.
    pub fn new(key: &Key, domain: &str, format: &str, size: u64, attempt: u32) -> Option<Self> {
        if !(2..=LARGEST).contains(&size) {
            return None;
        }
        let left = size.isqrt();
        Some(Self { size, left, right: size.div_ceil(left), keys: key.digest(domain, format, attempt) })
    }

    /// Never `number` itself: the shift by one, seen through a secret order of the numbers.
    pub fn apply(&self, number: u64) -> u64 {
        let place = self.walk(number % self.size, Self::forth);
        self.walk((place + 1) % self.size, Self::back)
    }

    /// The grid is a little larger than the domain: who lands outside goes on until inside.
    fn walk(&self, number: u64, step: fn(&Self, u64) -> u64) -> u64 {
        let mut at = step(self, number);
        while at >= self.size {
            at = step(self, at);
        }
        at
    }

    fn forth(&self, number: u64) -> u64 {
        let (mut l, mut r) = (number / self.right, number % self.right);
        for round in 0..ROUNDS {
            if round % 2 == 0 {
                l = within(l + self.step(round, r, self.left), self.left);
            } else {
                r = within(r + self.step(round, l, self.right), self.right);
            }
        }
        l * self.right + r
    }

    fn back(&self, number: u64) -> u64 {
        let (mut l, mut r) = (number / self.right, number % self.right);
        for round in (0..ROUNDS).rev() {
            if round % 2 == 0 {
                l = within(l + self.left - self.step(round, r, self.left), self.left);
            } else {
                r = within(r + self.right - self.step(round, l, self.right), self.right);
            }
        }
        l * self.right + r
    }

    /// How far a round moves one half, by the other: a number below `size`.
    fn step(&self, round: u64, other: u64, size: u64) -> u64 {
        let product = u128::from(self.mix(round, other)) * u128::from(size);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// SipHash-1-3 of two words.
    fn mix(&self, round: u64, half: u64) -> u64 {
        let mut v = [
            self.keys[0] ^ 0x736f_6d65_7073_6575,
            self.keys[1] ^ 0x646f_7261_6e64_6f6d,
            self.keys[0] ^ self.keys[2] ^ 0x6c79_6765_6e65_7261,
            self.keys[1] ^ self.keys[3] ^ 0x7465_6462_7974_6573,
        ];
        for word in [round, half] {
            v[3] ^= word;
            sip_round(&mut v);
            v[0] ^= word;
        }
        v[2] ^= 0xff;
        for _ in 0..3 {
            sip_round(&mut v);
        }
        v[0] ^ v[1] ^ v[2] ^ v[3]
    }
}

/// A number below twice the size, brought below it: a division would take longer than all the rest.
fn within(number: u64, size: u64) -> u64 {
    if number >= size { number - size } else { number }
}

fn sip_round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

/// Exchanges the letters and digits of a text for others of the same kind, from its `skip`th on. `None`
/// where the format has too many values for a permutation, or letters beyond ASCII.
pub(super) fn text(key: &Key, domain: &str, value: &str, skip: usize, attempt: u32) -> Option<String> {
    let mut out = value.as_bytes().to_vec();
    let (mut size, mut number, mut seen) = (1_u64, 0_u64, 0);
    let mut format = String::with_capacity(out.len());
    for byte in &out {
        if !byte.is_ascii() {
            return None;
        }
        let Some((first, radix)) = kind(*byte) else { continue };
        format.push(char::from(first));
        seen += 1;
        if seen > skip {
            size = size.checked_mul(radix).filter(|size| *size <= LARGEST)?;
            number = number * radix + u64::from(byte - first);
        }
    }
    let mut rest = Permutation::new(key, domain, &format, size, attempt)?.apply(number);
    for byte in out.iter_mut().rev() {
        let Some((first, radix)) = kind(*byte) else { continue };
        if seen > skip {
            *byte = first + u8::try_from(rest % radix).unwrap_or(0);
            rest /= radix;
        }
        seen -= 1;
    }
    String::from_utf8(out).ok()
}

/// The first of the letters or digits that this one can become, and how many there are.
fn kind(byte: u8) -> Option<(u8, u64)> {
    match byte {
        b'0'..=b'9' => Some((b'0', 10)),
        b'A'..=b'Z' => Some((b'A', 26)),
        b'a'..=b'z' => Some((b'a', 26)),
        _ => None,
    }
}

/// Exchanges a whole number for another with as many digits, so that it fits its type.
/// `most` is the largest that its type holds.
pub(super) fn integer(key: &Key, domain: &str, value: &str, most: u64, attempt: u32) -> Option<String> {
    let (sign, digits) = value.strip_prefix('-').map_or(("", value), |digits| ("-", digits));
    let number: u64 = digits.parse().ok()?;
    // There is no `-0`.
    let zero = digits.len() == 1 && sign.is_empty();
    let from =
        if zero { 0 } else { 10_u64.checked_pow(u32::try_from(digits.len()).ok()?.checked_sub(1)?)? };
    let to = 10_u64.checked_pow(u32::try_from(digits.len()).ok()?).map_or(most, |ten| most.min(ten - 1));
    let format = format!("{} digits", digits.len());
    let permutation = Permutation::new(key, domain, &format, (to + 1).checked_sub(from)?, attempt)?;
    let masked = from + permutation.apply(number.checked_sub(from)?);
    Some(format!("{sign}{masked}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, prop_assert_eq, prop_assert_ne, proptest};
    use std::collections::HashSet;

    fn key() -> Key {
        Key::new("a key")
    }

    proptest! {
        #[test]
        fn every_number_gets_another_and_no_two_the_same(size in 2_u64..3_000, attempt in 0_u32..3) {
            let permutation = Permutation::new(&key(), "test", "", size, attempt).unwrap();
            let masks: HashSet<u64> = (0..size).map(|number| permutation.apply(number)).collect();
            prop_assert_eq!(masks.len() as u64, size);
            prop_assert!(masks.iter().all(|mask| *mask < size));
            prop_assert!((0..size).all(|number| permutation.apply(number) != number));
        }

        #[test]
        fn a_code_keeps_its_format(code in "[A-Z]{2}-[0-9]{4}[a-z]?") {
            let masked = text(&key(), "token", &code, 0, 0).unwrap();
            prop_assert_ne!(&masked, &code);
            let shape = |text: &str| text.bytes().map(|b| kind(b).map_or(b, |k| k.0)).collect::<Vec<_>>();
            prop_assert_eq!(shape(&masked), shape(&code));
        }

        #[test]
        fn an_integer_keeps_its_digits_and_fits_its_type(number in -32_768_i64..=32_767) {
            let masked = integer(&key(), "token", &number.to_string(), 32_767, 0).unwrap();
            prop_assert!(masked.parse::<i64>().unwrap().abs() <= 32_767);
            prop_assert_eq!(masked.len(), number.to_string().len());
        }
    }

    #[test]
    fn all_codes_of_a_small_format_are_used_once() {
        let masks: HashSet<String> =
            (0..1_000).map(|n| text(&key(), "token", &format!("K{n:03}"), 1, 0).unwrap()).collect();
        assert_eq!(masks.len(), 1_000);
        assert!(masks.iter().all(|mask| mask.starts_with('K')));
    }

    #[test]
    fn another_key_is_another_order() {
        let order = |key: &Key| -> Vec<u64> {
            let permutation = Permutation::new(key, "test", "", 1_000, 0).unwrap();
            (0..1_000).map(|number| permutation.apply(number)).collect()
        };
        let (one, other) = (order(&key()), order(&Key::new("another key")));
        let same = one.iter().zip(&other).filter(|(a, b)| a == b).count();
        assert!(same < 20, "{same} of 1000 are the same");
    }
}
