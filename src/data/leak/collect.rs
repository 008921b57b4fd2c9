//! What must not be found later: each personal value that the workers see while they mask it, kept as
//! a keyed 64-bit fingerprint. No value itself is held; memory is some ten bytes for each.

use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use super::forms::{self, Form, Writing};
use super::matcher::Matcher;
use super::set::{Bits, Set};
use super::tokens::{Key, Token, Tokens};
use crate::config::masking::Strategy;
use crate::failure::Failure;

/// More than this are not held (about 250 MB); the copy is refused instead of being half checked.
const MOST_VALUES: u64 = 24_000_000;
/// Fingerprints that a worker gathers before it hands them over.
const BATCH: usize = 4096;
const SHARDS: usize = 64;
/// Lengths, in tokens, at which texts are compared: longer ones by as many of their first tokens.
pub const LENGTHS: [usize; 13] = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48];
const WINDOW: u64 = 0x10;
/// A text that stands alone in its cell.
const WHOLE: u64 = 0x40;
/// The first and the last tokens of a text whose length is none of [`LENGTHS`].
const BEGINNING: u64 = 0xc0;
const ENDING: u64 = 0x80;
/// Texts with fewer tokens and without a digit are sayings: alone they prove nothing.
pub const SAYING: usize = 16;
/// Entries of the table that tells which lengths can begin at a pair of tokens.
const STARTS: usize = 1 << 20;
/// Bits of the tables that say no to most of what is looked up: small enough for a core's own cache, which
/// all the others are not.
const HINTS: usize = 1 << 22;
/// Words of the filter before the set.
const FILTER: usize = 1 << 18;

/// The personal values of a run, gathered by all its workers.
#[derive(Debug)]
pub struct Originals {
    shared: Arc<Shared>,
    shards: Arc<Vec<Mutex<Set>>>,
    /// What an earlier reading has gathered is not held twice.
    before: Vec<Arc<Vec<Set>>>,
}

/// What all readings of a run have in common.
#[derive(Debug)]
pub struct Shared {
    pub key: Key,
    /// By the first tokens: a bit for each of [`LENGTHS`].
    starts: Vec<AtomicU16>,
    /// Where `starts` holds anything.
    begins: Bits,
    /// The fingerprints of what is all of its text.
    wholes: Bits,
    filter: Vec<AtomicU64>,
    values: AtomicU64,
    /// Numbers by their count of digits.
    numbers: [AtomicU32; 20],
}

impl Originals {
    /// `key` is the run's own: what is held says nothing without it.
    pub fn new(key: [u64; 2]) -> Self {
        let shared = Shared {
            key: Key(key),
            starts: (0..STARTS).map(|_| AtomicU16::new(0)).collect(),
            begins: Bits::new(HINTS),
            wholes: Bits::new(HINTS / 4),
            filter: (0..FILTER).map(|_| AtomicU64::new(0)).collect(),
            values: AtomicU64::new(0),
            numbers: std::array::from_fn(|_| AtomicU32::new(0)),
        };
        Self::beside(Arc::new(shared), Vec::new())
    }

    /// Goes on where an earlier reading has ended: what it holds counts from the start.
    pub fn after(earlier: &Matcher) -> Self {
        let (shared, sets) = earlier.parts();
        Self::beside(shared, sets)
    }

    fn beside(shared: Arc<Shared>, before: Vec<Arc<Vec<Set>>>) -> Self {
        Self { shared, shards: Arc::new((0..SHARDS).map(|_| Mutex::default()).collect()), before }
    }

    /// A worker's own way to add.
    pub fn collector(&self) -> Collector {
        Collector {
            tokens: Tokens::new(self.shared.key),
            shared: Arc::clone(&self.shared),
            shards: Arc::clone(&self.shards),
            before: self.before.clone(),
            pending: Vec::with_capacity(BATCH),
            names: Vec::new(),
        }
    }

    /// Distinct values, as far as the workers have handed them over.
    pub fn len(&self) -> u64 {
        self.shared.values.load(Ordering::Relaxed)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends the gathering, when every collector has finished.
    pub fn freeze(self) -> Matcher {
        let take =
            |shard: &Mutex<Set>| std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner));
        let sets = self.shards.iter().map(take).collect();
        Matcher::new(self.shared, self.before.into_iter().chain([Arc::new(sets)]).collect())
    }
}

impl Shared {
    fn filter_place(fingerprint: u64) -> (usize, u64) {
        let bits = 1 << (fingerprint >> 20 & 63) | 1 << (fingerprint >> 26 & 63);
        ((fingerprint >> 32) as usize % FILTER, bits)
    }

    /// False for most of what was never added.
    pub fn may_hold(&self, fingerprint: u64) -> bool {
        let (place, bits) = Self::filter_place(fingerprint);
        self.filter[place].load(Ordering::Relaxed) & bits == bits
    }

    /// Which lengths a text that begins with these tokens can have.
    pub fn lengths(&self, first: u64, second: Option<u64>) -> u16 {
        let start = self.key.fold(first, second.unwrap_or(0));
        if self.begins.has(start) { self.starts[start as usize % STARTS].load(Ordering::Relaxed) } else { 0 }
    }

    /// Notes that a text of this length begins with these tokens.
    fn begins(&self, first: u64, second: Option<u64>, class: usize) {
        let start = self.key.fold(first, second.unwrap_or(0));
        self.begins.set(start);
        self.starts[start as usize % STARTS].fetch_or(1 << class, Ordering::Relaxed);
    }

    /// False for most of what was never added as a whole text.
    pub fn may_be_whole(&self, fingerprint: u64) -> bool {
        self.wholes.has(fingerprint)
    }

    pub fn shard(fingerprint: u64) -> usize {
        fingerprint as usize % SHARDS
    }

    /// How many numbers of so many digits there are.
    pub fn numbers(&self, digits: usize) -> u32 {
        self.numbers.get(digits).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// The fingerprint of a run of tokens. `rolled` as [`roll`] gives it.
    pub fn window(&self, rolled: u64, length: usize) -> u64 {
        self.key.fold(rolled, WINDOW + length as u64)
    }

    /// The fingerprint of the first `length` tokens of a longer text.
    pub fn beginning(&self, rolled: u64, length: usize) -> u64 {
        self.key.fold(rolled, BEGINNING + length as u64)
    }

    /// The fingerprint of the end of a text that is cut to `length` tokens.
    pub fn ending(&self, rolled: u64, length: usize) -> u64 {
        self.key.fold(rolled, ENDING + length as u64)
    }

    /// The fingerprint of a name of one word, or of a saying, that is all there is.
    pub fn whole(&self, rolled: u64, length: usize) -> u64 {
        self.key.fold(rolled, WHOLE + length as u64)
    }
}

/// One more token at the end of a run.
pub fn roll(rolled: u64, token: u64) -> u64 {
    rolled.wrapping_mul(ROLL).wrapping_add(token)
}

/// What [`roll`] multiplies with.
pub const ROLL: u64 = 0x9e37_79b9_7f4a_7c15;

/// Adds the values that one worker meets. [`Collector::finish`] hands over what it still holds.
#[derive(Debug)]
pub struct Collector {
    shared: Arc<Shared>,
    shards: Arc<Vec<Mutex<Set>>>,
    before: Vec<Arc<Vec<Set>>>,
    tokens: Tokens,
    /// Fingerprints; of a number, with its count of digits.
    pending: Vec<(u64, u8)>,
    /// The names of one word in this row.
    names: Vec<Token>,
}

impl Collector {
    /// Remembers a value where finding it again would prove a leak: an address, a full name, a number
    /// of some length. Words that stand for many people, such as a city, prove nothing. Call it with
    /// each plain value of a masked cell and its rule.
    ///
    /// # Errors
    /// Refuses when there are too many.
    pub fn add(&mut self, strategy: &Strategy, value: &str) -> Result<()> {
        let normal = self.tokens.read(value);
        let letters: usize = self.tokens.list.iter().map(|token| token.letters).sum();
        let digits: usize = self.tokens.list.iter().map(|token| token.digits).sum();
        let (count, chars) = (self.tokens.list.len(), letters + digits);
        let key = self.shared.key;
        match strategy {
            Strategy::Keep(_)
            | Strategy::Json(_)
            | Strategy::Elements(_)
            | Strategy::Xml(_)
            | Strategy::Hstore(_)
            | Strategy::Composite(_)
            | Strategy::City
            | Strategy::Postcode
            | Strategy::UserAgent
            | Strategy::Coordinate
            // The mask of one is the original of another.
            | Strategy::Permutation
            | Strategy::DateShift
            | Strategy::DateOffset
            | Strategy::DateInYear => return Ok(()),
            // The text stays: what has a form of its own must not.
            Strategy::Scrub => self.forms(&normal),
            Strategy::Name | Strategy::ShortName | Strategy::Username => match self.tokens.list[..] {
                [_] if digits > 0 && letters > 0 && chars >= 6 => self.window(0, 1),
                [name] if letters >= 2 => {
                    self.whole(name.hash, 1);
                    self.names.push(name);
                }
                [_, _, ..] if letters >= 6 => self.window(0, count),
                _ => {}
            },
            Strategy::Phone | Strategy::Card => self.number(&normal),
            Strategy::Iban => self.pending.extend(forms::iban(key, &normal).map(|iban| (iban, 0))),
            Strategy::Token | Strategy::Hash if letters == 0 => self.number(&normal),
            Strategy::Token | Strategy::Hash => {
                if chars >= 8 && digits > 0 || chars >= 20 {
                    self.window(0, count);
                }
            }
            Strategy::Street | Strategy::Address => {
                if is_street(&self.tokens.list) {
                    self.window(0, count);
                }
                let line = normal.find(['\n', ',', ';']).unwrap_or(normal.len());
                let first = self.tokens.list.iter().take_while(|token| token.end <= line).count();
                if first < count && is_street(&self.tokens.list[..first]) {
                    self.window(0, first);
                }
                self.forms(&normal);
            }
            Strategy::Text | Strategy::Null | Strategy::Constant(_) => {
                let telling = digits > 0 || count >= SAYING;
                if telling && (count >= 5 && chars >= 20 && letters >= 12 || count == 1 && chars >= 16) {
                    self.window(0, count);
                } else if (2..SAYING).contains(&count) && letters >= 6 {
                    let rolled = self.tokens.list.iter().fold(0, |rolled, token| roll(rolled, token.hash));
                    self.whole(rolled, count);
                }
                self.forms(&normal);
            }
            Strategy::Url => {
                if count >= 5 && chars >= 16 {
                    self.window(0, count);
                }
                self.forms(&normal);
            }
            Strategy::Email => {
                let before = self.pending.len();
                self.forms(&normal);
                if self.pending.len() == before && count >= 3 && chars >= 6 {
                    self.window(0, count);
                }
            }
            Strategy::Ip => self.forms(&normal),
        }
        if self.pending.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Ends a row: names of one word that stand in one row make full names, in either order.
    pub fn end_row(&mut self) {
        let names = std::mem::take(&mut self.names);
        for (at, one) in names.iter().enumerate().take(4) {
            for other in names.iter().skip(at + 1).take(3) {
                if one.letters + other.letters >= 6 && one.hash != other.hash {
                    self.run(&[one.hash, other.hash]);
                    self.run(&[other.hash, one.hash]);
                }
            }
        }
        self.names = names;
        self.names.clear();
    }

    /// Hands over what is left.
    ///
    /// # Errors
    /// As [`Collector::add`].
    pub fn finish(mut self) -> Result<()> {
        self.flush()
    }

    /// E-mail addresses and telephone numbers inside of a text are values of their own.
    fn forms(&mut self, normal: &str) {
        let (shared, pending) = (&self.shared, &mut self.pending);
        forms::each(shared.key, normal, &self.tokens, &mut |form| match form {
            Form::Email { fingerprint, .. } | Form::Ip(fingerprint) => pending.push((fingerprint, 0)),
            Form::Number { fingerprint, digits, writing: Writing::Dialled } if digits >= 9 => {
                pending.push((fingerprint, digits as u8));
            }
            // Bare digits in a text are as often an order's as a person's.
            Form::Number { .. } => {}
            // Anything that begins like an IBAN: only a rule says that it is one.
            Form::Iban(_) => {}
        });
    }

    fn number(&mut self, normal: &str) {
        if let Some((fingerprint, digits)) = forms::number(self.shared.key, normal) {
            self.pending.push((fingerprint, digits as u8));
        }
    }

    fn whole(&mut self, rolled: u64, count: usize) {
        let fingerprint = self.shared.whole(rolled, count);
        self.shared.wholes.set(fingerprint);
        self.pending.push((fingerprint, 0));
    }

    /// Tokens of the text that was read. Of more than [`LENGTHS`] allows, the first and the last ones.
    fn window(&mut self, from: usize, count: usize) {
        if count == 1 && !self.tokens.list[from].stands_alone() {
            return;
        }
        let hashes: Vec<u64> = self.tokens.list[from..from + count].iter().map(|token| token.hash).collect();
        self.run(&hashes);
    }

    fn run(&mut self, hashes: &[u64]) {
        let Some(class) = LENGTHS.iter().rposition(|&length| length <= hashes.len()) else { return };
        let length = LENGTHS[class];
        let rolled = hashes[..length].iter().fold(0, |rolled, &hash| roll(rolled, hash));
        let second = (length > 1).then(|| hashes[1]);
        self.shared.begins(hashes[0], second, class);
        if hashes.len() == length {
            self.pending.push((self.shared.window(rolled, length), 0));
        } else {
            self.pending.push((self.shared.beginning(rolled, length), 0));
            let last = &hashes[hashes.len() - length..];
            let rolled = last.iter().fold(0, |rolled, &hash| roll(rolled, hash));
            self.shared.begins(last[0], Some(last[1]), class);
            self.pending.push((self.shared.ending(rolled, length), 0));
        }
    }

    fn flush(&mut self) -> Result<()> {
        let shared = &self.shared;
        self.pending.sort_unstable_by_key(|&(fingerprint, _)| Shared::shard(fingerprint));
        let mut new = 0;
        for run in self.pending.chunk_by(|a, b| Shared::shard(a.0) == Shared::shard(b.0)) {
            let shard = Shared::shard(run[0].0);
            let mut set = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
            for &(fingerprint, digits) in run {
                let known = || self.before.iter().any(|sets| sets[shard].contains(fingerprint));
                if shared.may_hold(fingerprint) && known() || !set.insert(fingerprint) {
                    continue;
                }
                let (place, bits) = Shared::filter_place(fingerprint);
                shared.filter[place].fetch_or(bits, Ordering::Relaxed);
                shared.numbers[usize::from(digits)].fetch_add(1, Ordering::Relaxed);
                new += 1;
            }
        }
        self.pending.clear();
        if shared.values.fetch_add(new, Ordering::Relaxed) + new > MOST_VALUES {
            return Err(Failure::refused(format!("more than {MOST_VALUES} personal values to prove absent"))
                .hint("copy fewer rows: --limit")
                .into());
        }
        Ok(())
    }
}

/// A street with its number; not a postcode with its town.
fn is_street(tokens: &[Token]) -> bool {
    let letters: usize = tokens.iter().map(|token| token.letters).sum();
    let digits: usize = tokens.iter().map(|token| token.digits).sum();
    tokens.len() >= 2 && letters >= 4 && digits > 0 && tokens[0].digits < 5
}
