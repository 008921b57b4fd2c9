//! Text as words: what two writings of one value have in common, whatever the case, the punctuation
//! or the Unicode form. One pass; each word is kept as its keyed hash.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, is_nfkc};

/// The run's secret: two runs never share a hash, and no hash outlives its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u64; 2]);

impl Key {
    /// Mixes a number into a hash.
    pub fn fold(self, hash: u64, number: u64) -> u64 {
        let product = u128::from(hash ^ number ^ self.0[0]) * u128::from(self.0[1] | 1);
        (product as u64) ^ ((product >> 64) as u64)
    }

    /// The hash of bytes as they are.
    pub fn bytes(self, bytes: impl IntoIterator<Item = u8>) -> u64 {
        let mut word = Word::new(self);
        for byte in bytes {
            word.push(byte);
        }
        word.end()
    }
}

/// A run of letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub hash: u64,
    /// Bytes of the normal form.
    pub start: usize,
    pub end: usize,
    /// ASCII digits.
    pub digits: usize,
    /// Everything else.
    pub letters: usize,
}

impl Token {
    pub fn is_number(&self) -> bool {
        self.letters == 0
    }

    /// Whether it is odd enough to be an original all by itself.
    pub fn stands_alone(&self) -> bool {
        let chars = self.letters + self.digits;
        chars >= 6 && self.digits > 0 || chars >= 16
    }
}

/// A text in its normal form with its tokens. Reused from text to text, so that nothing is allocated.
#[derive(Debug)]
pub struct Tokens {
    key: Key,
    pub list: Vec<Token>,
    /// Where an `@` stands.
    pub ats: Vec<usize>,
    pub marks: Marks,
}

/// Signs that say what else a text can hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// `\`
    pub escapes: bool,
    /// `&`
    pub entities: bool,
    /// `<`
    pub tags: bool,
    /// `%`
    pub percents: bool,
    /// Of `:`.
    pub colons: usize,
}

impl Marks {
    fn see(&mut self, byte: u8) {
        match byte {
            b'\\' => self.escapes = true,
            b'&' => self.entities = true,
            b'<' => self.tags = true,
            b'%' => self.percents = true,
            b':' => self.colons += 1,
            _ => {}
        }
    }
}

impl Tokens {
    pub fn new(key: Key) -> Self {
        Self { key, list: Vec::new(), ats: Vec::new(), marks: Marks::default() }
    }

    /// Reads a text and returns its normal form, to which the tokens' places refer.
    pub fn read<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        self.list.clear();
        self.ats.clear();
        self.marks = Marks::default();
        if text.is_ascii() {
            self.ascii(text.as_bytes());
            return Cow::Borrowed(text);
        }
        let normal = normal(text);
        self.unicode(&normal);
        Cow::Owned(normal)
    }

    fn ascii(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            if LOWER[usize::from(byte)] == 0 {
                if byte == b'@' {
                    self.ats.push(at);
                } else {
                    self.marks.see(byte);
                }
                at += 1;
                continue;
            }
            let (start, mut digits, mut word) = (at, 0, Word::new(self.key));
            while at < text.len() {
                let lower = LOWER[usize::from(text[at])];
                if lower == 0 {
                    break;
                }
                digits += usize::from(lower.is_ascii_digit());
                word.push(lower);
                at += 1;
            }
            self.list.push(Token { hash: word.end(), start, end: at, digits, letters: at - start - digits });
        }
    }

    fn unicode(&mut self, text: &str) {
        let mut open: Option<(Token, Word)> = None;
        for (at, c) in text.char_indices() {
            if c.is_alphanumeric() {
                let (token, word) = open.get_or_insert_with(|| {
                    (Token { hash: 0, start: at, end: at, digits: 0, letters: 0 }, Word::new(self.key))
                });
                token.end = at + c.len_utf8();
                if c.is_ascii_digit() {
                    token.digits += 1;
                } else {
                    token.letters += 1;
                }
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|byte| word.push(byte));
                continue;
            }
            match u8::try_from(c) {
                Ok(b'@') => self.ats.push(at),
                Ok(byte) => self.marks.see(byte),
                Err(_) => {}
            }
            self.list.extend(open.take().map(|(token, word)| Token { hash: word.end(), ..token }));
        }
        self.list.extend(open.take().map(|(token, word)| Token { hash: word.end(), ..token }));
    }
}

/// NFKC, lower case, without soft hyphens and zero-width characters.
fn normal(text: &str) -> String {
    let invisible = |c: &char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}');
    let lower = text.chars().filter(|c| !invisible(c)).flat_map(char::to_lowercase);
    // Lower case can undo the normal form and the other way round: once more settles it.
    let lower: String =
        if is_nfkc(text) { lower.collect() } else { lower.nfkc().flat_map(char::to_lowercase).collect() };
    if is_nfkc(&lower) { lower } else { lower.nfkc().collect() }
}

/// The lower case of an ASCII letter or digit; 0 for what parts words.
const LOWER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            table[byte] = (byte as u8).to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// A word on its way into its hash.
#[derive(Debug, Clone, Copy)]
struct Word {
    key: Key,
    hash: u64,
    chunk: u64,
    length: u64,
}

impl Word {
    fn new(key: Key) -> Self {
        Self { key, hash: key.0[0], chunk: 0, length: 0 }
    }

    fn push(&mut self, byte: u8) {
        self.chunk = self.chunk << 8 | u64::from(byte);
        self.length += 1;
        if self.length.is_multiple_of(8) {
            self.hash = self.key.fold(self.hash, self.chunk);
            self.chunk = 0;
        }
    }

    fn end(self) -> u64 {
        let hash = self.key.fold(self.hash, self.chunk);
        self.key.fold(hash.rotate_left(32), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    const KEY: Key = Key([0x1234_5678_9abc_def0, 0x0fed_cba9_8765_4321]);

    fn hashes(text: &str) -> Vec<u64> {
        let mut tokens = Tokens::new(KEY);
        tokens.read(text);
        tokens.list.iter().map(|token| token.hash).collect()
    }

    #[test]
    fn case_punctuation_and_unicode_form_make_no_difference() {
        assert_eq!(hashes("Jane O'Neil"), hashes("JANE   o\u{2019}NEIL"));
        assert_eq!(hashes("Jos\u{e9} M\u{fc}ller"), hashes("JOSE\u{301} MU\u{308}LLER"));
        assert_eq!(hashes("\u{ff21}\u{ff4e}na"), hashes("anna"));
        assert_eq!(hashes("Schmidt\u{200b}berger"), hashes("schmidtberger"));
        assert_ne!(hashes("jane doe"), hashes("doe jane"));
        assert_ne!(hashes("abcdefgh"), hashes("abcdefg"));
    }

    #[test]
    fn tokens_say_where_they_stand_and_what_of() {
        let mut tokens = Tokens::new(KEY);
        let normal = tokens.read("Ada+1@x42.example");
        let words: Vec<(&str, usize, usize)> =
            tokens.list.iter().map(|t| (&normal[t.start..t.end], t.digits, t.letters)).collect();
        assert_eq!(words, [("Ada", 0, 3), ("1", 1, 0), ("x42", 2, 1), ("example", 0, 7)]);
        assert_eq!(tokens.ats, [5]);
    }

    proptest! {
        #[test]
        fn both_ways_of_reading_agree(text in "[ -~]{0,60}") {
            let mut tokens = Tokens::new(KEY);
            tokens.read(&text);
            let ascii: Vec<u64> = tokens.list.iter().map(|t| t.hash).collect();
            prop_assert_eq!(ascii, hashes(&format!("{text} \u{e9}"))[..tokens.list.len()].to_vec());
        }
    }
}
