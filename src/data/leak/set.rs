//! A set of 64-bit fingerprints at nine to twelve bytes each, and a table of single bits to ask before it.

use std::sync::atomic::{AtomicU64, Ordering};

/// A bit for each of many fingerprints, of which some share theirs. All workers set and read it at once.
#[derive(Debug)]
pub struct Bits {
    words: Vec<AtomicU64>,
}

impl Bits {
    /// `bits`: a multiple of 64.
    pub fn new(bits: usize) -> Self {
        Self { words: (0..bits / 64).map(|_| AtomicU64::new(0)).collect() }
    }

    pub fn set(&self, fingerprint: u64) {
        let (word, bit) = self.place(fingerprint);
        // Mostly it is set: to look first leaves the line to the other cores.
        if self.words[word].load(Ordering::Relaxed) & bit == 0 {
            self.words[word].fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// False: it was never set.
    pub fn has(&self, fingerprint: u64) -> bool {
        let (word, bit) = self.place(fingerprint);
        self.words[word].load(Ordering::Relaxed) & bit != 0
    }

    fn place(&self, fingerprint: u64) -> (usize, u64) {
        ((fingerprint >> 6) as usize % self.words.len(), 1 << (fingerprint & 63))
    }
}

/// Fingerprints; zero marks an empty slot.
#[derive(Debug, Default)]
pub struct Set {
    slots: Vec<u64>,
    length: usize,
}

impl Set {
    /// False when it was there before.
    pub fn insert(&mut self, fingerprint: u64) -> bool {
        // Nine of ten slots may be taken; an eighth more room at a time keeps the waste small.
        if (self.length + 1) * 10 > self.slots.len() * 9 {
            self.grow();
        }
        let fingerprint = fingerprint.max(1);
        let slot = self.slot(fingerprint);
        if self.slots[slot] == fingerprint {
            return false;
        }
        self.slots[slot] = fingerprint;
        self.length += 1;
        true
    }

    pub fn contains(&self, fingerprint: u64) -> bool {
        !self.slots.is_empty() && self.slots[self.slot(fingerprint.max(1))] != 0
    }

    pub fn len(&self) -> usize {
        self.length
    }

    /// Where it is, or where it would be.
    fn slot(&self, fingerprint: u64) -> usize {
        let slots = self.slots.len();
        let mut at = ((u128::from(fingerprint) * slots as u128) >> 64) as usize;
        while self.slots[at] != 0 && self.slots[at] != fingerprint {
            at = if at + 1 == slots { 0 } else { at + 1 };
        }
        at
    }

    fn grow(&mut self) {
        let room = (self.slots.len() + self.slots.len() / 8).max(64);
        let old = std::mem::replace(&mut self.slots, vec![0; room]);
        for fingerprint in old.into_iter().filter(|&fingerprint| fingerprint != 0) {
            let slot = self.slot(fingerprint);
            self.slots[slot] = fingerprint;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_holds_what_was_put_in_and_nothing_else(
            values in proptest::collection::vec(any::<u64>(), 0..2_000), other in any::<u64>(),
        ) {
            let (mut set, mut model) = (Set::default(), BTreeSet::new());
            for &value in &values {
                prop_assert_eq!(set.insert(value.max(1)), model.insert(value.max(1)));
            }
            prop_assert_eq!(set.len(), model.len());
            prop_assert!(values.iter().all(|&value| set.contains(value)));
            prop_assert_eq!(set.contains(other), model.contains(&other.max(1)));
        }
    }

    #[test]
    fn a_bit_that_was_set_is_there_and_most_others_are_not() {
        let bits = Bits::new(1 << 16);
        let value = |n: u64| n.wrapping_mul(6_364_136_223_846_793_005).rotate_left(17);
        (0..1_000).for_each(|n| bits.set(value(n)));
        assert!((0..1_000).all(|n| bits.has(value(n))));
        assert!((1_000..2_000).filter(|&n| bits.has(value(n))).count() < 100);
    }

    #[test]
    fn a_value_takes_less_than_twelve_bytes() {
        let mut set = Set::default();
        let mut value = 1_u64;
        for _ in 0..100_000 {
            value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            set.insert(value);
        }
        assert!(set.slots.len() * 8 < 12 * set.len() + 512 * 8, "{} slots", set.slots.len());
    }
}
