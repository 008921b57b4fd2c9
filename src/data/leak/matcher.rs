//! Looks for the originals in a text, as a whole or inside of it, in one pass over its words.

use std::sync::{Arc, Mutex, PoisonError};

use super::collect::{LENGTHS, ROLL, SAYING, Shared, roll};
use super::decode;
use super::forms::{self, Form, Writing};
use super::set::Set;
use super::tokens::Tokens;

/// The originals of a run, ready to be looked for.
///
/// What it says is there may differ from what is there only where two 64-bit fingerprints are equal by
/// chance: for a database of 1 GB and 3 million values, one run in ten thousand at most.
#[derive(Debug, Clone)]
pub struct Matcher {
    shared: Arc<Shared>,
    /// Of one reading after the other; each by the fingerprint's shard.
    sets: Vec<Arc<Vec<Set>>>,
}

/// What stands in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sight {
    /// An original, and nothing else that could look like it.
    pub certain: bool,
    /// Digits of an original that could also be there by chance.
    pub number: bool,
    /// How many such equalities chance alone would give.
    pub by_chance: f64,
    /// The whole text is a name of one word, or a few words that somebody wrote.
    pub single: bool,
    /// An e-mail address outside of staging's own domain, whoever's it is.
    pub foreign: bool,
}

impl Matcher {
    pub(super) fn new(shared: Arc<Shared>, sets: Vec<Arc<Vec<Set>>>) -> Self {
        Self { shared, sets }
    }

    pub(super) fn parts(&self) -> (Arc<Shared>, Vec<Arc<Vec<Set>>>) {
        (Arc::clone(&self.shared), self.sets.clone())
    }

    pub fn len(&self) -> u64 {
        self.sets.iter().flat_map(|sets| sets.iter()).map(|set| set.len() as u64).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One reader's eyes. E-mail addresses of `own_domain` are masks.
    pub fn seeker(&self, own_domain: &str) -> Seeker {
        Seeker {
            matcher: self.clone(),
            own_domain: own_domain.to_lowercase(),
            tokens: Tokens::new(self.shared.key),
            rolled: Vec::new(),
        }
    }

    /// Tells a text that is an original, or in which one stands as it is written. One caller at a time is
    /// fast: give each its own.
    pub fn recogniser(&self) -> impl Fn(&str) -> bool + Send + Sync + 'static {
        let seeker = Mutex::new(self.seeker(""));
        move |text| {
            let sight = seeker.lock().unwrap_or_else(PoisonError::into_inner).glance(text);
            sight.certain || sight.number
        }
    }

    fn holds(&self, fingerprint: u64) -> bool {
        self.shared.may_hold(fingerprint)
            && self.sets.iter().any(|sets| sets[Shared::shard(fingerprint)].contains(fingerprint))
    }
}

/// Looks into one text after another.
#[derive(Debug)]
pub struct Seeker {
    matcher: Matcher,
    own_domain: String,
    tokens: Tokens,
    rolled: Vec<u64>,
}

impl Seeker {
    /// Looks at a text as it is written, and at every text that is encoded in it.
    pub fn look(&mut self, text: &str) -> Sight {
        if self.is_masked_address(text) {
            // Of the commonest cell there is, nothing but the address can be somebody's.
            let fingerprint = forms::address_of(self.matcher.shared.key, text);
            return Sight { certain: self.matcher.holds(fingerprint), ..Sight::default() };
        }
        let mut sight = self.glance(text);
        // Other alphabets of base64 part it into words: a little below what is tried.
        let long_words = self.tokens.list.iter().any(|token| token.end - token.start >= decode::ENCODED - 4);
        decode::each(text, self.tokens.marks, long_words, &mut |inner| {
            let inner = self.glance(inner);
            sight.certain |= inner.certain;
            sight.foreign |= inner.foreign;
            self.tokens.marks
        });
        sight
    }

    /// The whole text has the form of staging's own addresses: digits of a hash, and the domain.
    fn is_masked_address(&self, text: &str) -> bool {
        let Some((name, host)) = text.split_at_checked(ADDRESS) else { return false };
        host.strip_prefix('@') == Some(&self.own_domain)
            && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// Looks at a text as it is written.
    pub fn glance(&mut self, text: &str) -> Sight {
        let Self { matcher, own_domain, tokens, rolled } = self;
        let normal = tokens.read(text);
        let mut sight = Sight::default();
        if tokens.list.is_empty() {
            return sight;
        }
        sight.certain = runs(matcher, tokens, rolled);
        if tokens.list.len() < SAYING {
            let all = rolled[tokens.list.len()];
            let whole = matcher.shared.whole(all, tokens.list.len());
            sight.single = matcher.shared.may_be_whole(whole) && matcher.holds(whole);
        }
        forms::each(matcher.shared.key, &normal, tokens, &mut |form| match form {
            Form::Email { fingerprint, host } => {
                sight.foreign |= !host.eq_ignore_ascii_case(own_domain);
                sight.certain |= matcher.holds(fingerprint);
            }
            Form::Iban(fingerprint) | Form::Ip(fingerprint) => {
                sight.certain |= matcher.holds(fingerprint);
            }
            Form::Number { fingerprint, digits, writing } => {
                let held = matcher.holds(fingerprint);
                if digits >= 13 || digits >= 9 && writing == Writing::Dialled {
                    sight.certain |= held;
                } else {
                    sight.number |= held;
                    sight.by_chance += f64::from(matcher.shared.numbers(digits)) / 10_f64.powi(digits as i32);
                }
            }
        });
        sight
    }
}

/// Whether a run of the text's words is an original.
fn runs(matcher: &Matcher, tokens: &Tokens, rolled: &mut Vec<u64>) -> bool {
    let list = &tokens.list;
    rolled.clear();
    rolled.push(0);
    for token in list {
        rolled.push(roll(rolled[rolled.len() - 1], token.hash));
    }
    // A text whose length is none of the lengths is there when its beginning is, and then its end.
    let mut begun = false;
    for at in 0..list.len() {
        let second = list.get(at + 1).map(|token| token.hash);
        let mut classes = 0;
        if list[at].stands_alone() {
            classes = matcher.shared.lengths(list[at].hash, None) & 1;
        }
        if second.is_some() {
            classes |= matcher.shared.lengths(list[at].hash, second) & !1;
        }
        while classes != 0 {
            let class = classes.trailing_zeros() as usize;
            classes &= classes - 1;
            let length = LENGTHS[class];
            let Some(&end) = rolled.get(at + length) else { break };
            let run = end.wrapping_sub(rolled[at].wrapping_mul(POWERS[class]));
            let shared = &matcher.shared;
            if matcher.holds(shared.window(run, length)) {
                return true;
            }
            if length >= CUT {
                begun |= matcher.holds(shared.beginning(run, length));
                if begun && matcher.holds(shared.ending(run, length)) {
                    return true;
                }
            }
        }
    }
    false
}

/// Hexadecimal digits of a masked address: so many that they are nobody's, and encode nothing.
const ADDRESS: usize = 20;
/// Shorter texts are compared whole.
const CUT: usize = 8;

/// `ROLL` to the power of each length.
const POWERS: [u64; LENGTHS.len()] = {
    let mut powers = [1; LENGTHS.len()];
    let mut class = 0;
    while class < LENGTHS.len() {
        let mut times = 0;
        while times < LENGTHS[class] {
            powers[class] = ROLL.wrapping_mul(powers[class]);
            times += 1;
        }
        class += 1;
    }
    powers
};
