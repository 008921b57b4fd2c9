//! Splits an SQL file into statements the way psql does: quotes, dollar quotes, nested comments,
//! parentheses and `BEGIN ATOMIC` bodies keep their semicolons. Pure.

/// One statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The text without its semicolon.
    pub text: String,
    /// The line of its first word, from 1.
    pub line: u32,
    pub tokens: Vec<Token>,
}

/// What decides what a statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// An unquoted word, in lower case.
    Word(String),
    /// A quoted identifier, without its quotes.
    Quoted(String),
    /// A string literal's content.
    Literal(String),
    Symbol(char),
}

impl Statement {
    /// The unquoted words, in lower case.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Word(word) => Some(word.as_str()),
            _ => None,
        })
    }

    /// True when the statement begins with these words.
    pub fn starts_with(&self, words: &[&str]) -> bool {
        self.tokens.len() >= words.len()
            && self.tokens.iter().zip(words).all(|(token, word)| matches!(token, Token::Word(w) if w == word))
    }

    /// True when it says these words one after the other.
    pub fn says(&self, words: &[&str]) -> bool {
        self.tokens.windows(words.len()).any(|window| {
            window.iter().zip(words).all(|(token, word)| matches!(token, Token::Word(w) if w == word))
        })
    }

    /// The first words, for a line of output.
    pub fn short(&self) -> String {
        short(&self.text)
    }
}

/// The first words of a statement, for a line of output.
pub fn short(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &flat[..end]),
        None => flat,
    }
}

/// What cannot be split, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct SplitError {
    pub line: u32,
    pub problem: String,
}

/// Splits a file's text.
pub fn split(text: &str) -> Result<Vec<Statement>, SplitError> {
    Lexer::new(text.strip_prefix('\u{feff}').unwrap_or(text)).run()
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    parens: u32,
    /// Depth of `BEGIN ATOMIC … END` in a routine.
    bodies: u32,
    start: Option<(usize, u32)>,
    tokens: Vec<Token>,
    statements: Vec<Statement>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            parens: 0,
            bodies: 0,
            start: None,
            tokens: Vec::new(),
            statements: Vec::new(),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let taken = &self.text[self.at..self.at + bytes];
        self.line += taken.bytes().filter(|b| *b == b'\n').count() as u32;
        self.at += bytes;
        taken
    }

    fn run(mut self) -> Result<Vec<Statement>, SplitError> {
        while let Some(c) = self.rest().chars().next() {
            if c.is_whitespace() {
                self.skip(c.len_utf8());
            } else if self.rest().starts_with("--") {
                let end = self.rest().find('\n').unwrap_or(self.rest().len());
                self.skip(end);
            } else if self.rest().starts_with("/*") {
                self.comment()?;
            } else if c == ';' && self.parens == 0 && self.bodies == 0 {
                self.finish()?;
                self.skip(1);
            } else {
                self.start.get_or_insert((self.at, self.line));
                let token = self.token(c)?;
                self.note_depth(&token);
                self.tokens.push(token);
            }
        }
        self.finish()?;
        Ok(self.statements)
    }

    fn comment(&mut self) -> Result<(), SplitError> {
        let line = self.line;
        let mut depth = 0u32;
        loop {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.skip(2);
                if depth == 0 {
                    return Ok(());
                }
            } else if let Some(c) = self.rest().chars().next() {
                self.skip(c.len_utf8());
            } else {
                return fail(line, "a comment `/*` is not closed");
            }
        }
    }

    fn token(&mut self, c: char) -> Result<Token, SplitError> {
        match c {
            '\'' => Ok(Token::Literal(self.quoted('\'', false)?)),
            '"' => Ok(Token::Quoted(self.quoted('"', false)?)),
            '$' => self.dollar(),
            '\\' => {
                let command: String =
                    self.rest().chars().take_while(|c| !c.is_whitespace() && *c != ';').collect();
                fail(
                    self.line,
                    format!("`{command}` is a command of psql, not SQL; take it out of the migration"),
                )
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = word_length(self.rest());
                let word = self.skip(length).to_lowercase();
                // E'…' knows backslashes; the prefixes B, X, N and U& do not.
                if word == "e" && self.rest().starts_with('\'') {
                    return Ok(Token::Literal(self.quoted('\'', true)?));
                }
                Ok(Token::Word(word))
            }
            c if c.is_ascii_digit() => {
                let length = self
                    .rest()
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_')
                    .unwrap_or(self.rest().len());
                Ok(Token::Literal(self.skip(length).to_owned()))
            }
            c => {
                self.skip(c.len_utf8());
                Ok(Token::Symbol(c))
            }
        }
    }

    /// A quoted string; the quote doubled stands for itself.
    fn quoted(&mut self, quote: char, backslashes: bool) -> Result<String, SplitError> {
        let line = self.line;
        let mut content = String::new();
        self.skip(1);
        while let Some(c) = self.rest().chars().next() {
            self.skip(c.len_utf8());
            if backslashes && c == '\\' {
                if let Some(next) = self.rest().chars().next() {
                    self.skip(next.len_utf8());
                    content.push(next);
                }
            } else if c != quote {
                content.push(c);
            } else if self.rest().starts_with(quote) {
                self.skip(1);
                content.push(quote);
            } else {
                return Ok(content);
            }
        }
        let what = if quote == '"' { "identifier" } else { "string" };
        fail(line, format!("the {what} that begins here is not closed ({quote})"))
    }

    /// `$tag$ … $tag$`, or a lone `$` as in `$1`.
    fn dollar(&mut self) -> Result<Token, SplitError> {
        let line = self.line;
        let inner = &self.rest()[1..];
        let tag = word_length_without_dollar(inner);
        let digit = inner.starts_with(|c: char| c.is_ascii_digit());
        if digit || !inner[tag..].starts_with('$') {
            self.skip(1);
            return Ok(Token::Symbol('$'));
        }
        let quote = self.skip(tag + 2);
        match self.rest().find(quote) {
            Some(end) => {
                let content = self.skip(end).to_owned();
                self.skip(quote.len());
                Ok(Token::Literal(content))
            }
            None => fail(line, format!("the text quoted by {quote} is not closed")),
        }
    }

    fn note_depth(&mut self, token: &Token) {
        match token {
            Token::Symbol('(') => self.parens += 1,
            Token::Symbol(')') => self.parens = self.parens.saturating_sub(1),
            Token::Word(word) if self.parens == 0 => match word.as_str() {
                "atomic" if self.is_routine() && self.last_word("begin") => self.bodies += 1,
                "case" if self.bodies > 0 => self.bodies += 1,
                "end" if self.bodies > 0 => self.bodies -= 1,
                _ => {}
            },
            _ => {}
        }
    }

    fn last_word(&self, word: &str) -> bool {
        matches!(self.tokens.last(), Some(Token::Word(last)) if last == word)
    }

    fn is_routine(&self) -> bool {
        let mut words = self.tokens.iter().filter_map(|token| match token {
            Token::Word(word) if word != "or" && word != "replace" => Some(word.as_str()),
            _ => None,
        });
        words.next() == Some("create") && matches!(words.next(), Some("function" | "procedure"))
    }

    fn finish(&mut self) -> Result<(), SplitError> {
        let Some((start, line)) = self.start.take() else { return Ok(()) };
        let text = self.text[start..self.at].trim_end().to_owned();
        let statement = Statement { text, line, tokens: std::mem::take(&mut self.tokens) };
        (self.parens, self.bodies) = (0, 0);
        if statement.starts_with(&["copy"]) && statement.says(&["from", "stdin"]) {
            return fail(line, "COPY … FROM STDIN carries data in the file; use INSERT instead");
        }
        self.statements.push(statement);
        Ok(())
    }
}

fn fail<T>(line: u32, problem: impl Into<String>) -> Result<T, SplitError> {
    Err(SplitError { line, problem: problem.into() })
}

/// Bytes of the unquoted identifier at the beginning of `text`.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(text.len())
}

fn word_length_without_dollar(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(sql: &str) -> Vec<String> {
        split(sql).unwrap().into_iter().map(|s| s.text).collect()
    }

    #[test]
    fn semicolons_inside_quotes_comments_and_bodies_do_not_split() {
        for sql in [
            "SELECT 'a;b''c;'",
            "SELECT \"a;b\"\"c\"",
            "SELECT E'it\\'s; fine'",
            "DO $$ BEGIN; END $$",
            "DO $x$ a $$ ; $y$ $x$",
            "SELECT 1 /* a; /* b; */ c; */ + 1",
            "SELECT 1 -- a; b\n + 1",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
            "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
            "SELECT a$b$c, 'x'",
        ] {
            assert_eq!(texts(&format!("{sql};\nSELECT 2;")), [sql, "SELECT 2"], "{sql}");
        }
    }

    #[test]
    fn lines_are_those_of_the_first_word() {
        let found = split("-- first\n\nSELECT 1;\n/* two\nlines */ SELECT\n2;;\n SELECT 3").unwrap();
        assert_eq!(found.iter().map(|s| s.line).collect::<Vec<_>>(), [3, 5, 7]);
    }

    #[test]
    fn what_cannot_be_split_names_its_line() {
        for (sql, line, words) in [
            ("SELECT 1;\nSELECT 'open", 2, "string"),
            ("SELECT 1;\n\nSELECT \"open", 3, "identifier"),
            ("DO $a$ x", 1, "$a$"),
            ("/* open", 1, "comment"),
            ("SELECT 1;\n\\i other.sql\n", 2, "`\\i`"),
            ("COPY t FROM STDIN;\n1\n\\.\n", 1, "COPY"),
        ] {
            let error = split(sql).unwrap_err();
            assert_eq!(error.line, line, "{sql}");
            assert!(error.problem.contains(words), "{sql}: {error}");
        }
    }

    #[test]
    fn words_and_names_are_told_apart() {
        let found = split("ALTER TYPE \"UserRole\" ADD VALUE 'NEW'").unwrap();
        assert!(found[0].starts_with(&["alter", "type"]));
        assert!(found[0].says(&["add", "value"]));
        assert!(found[0].tokens.contains(&Token::Quoted("UserRole".into())));
        assert!(found[0].tokens.contains(&Token::Literal("NEW".into())));
    }

    /// Pieces that may hold a semicolon but never end a statement.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z][a-z_]{0,6}".prop_filter("prefix of a literal", |w| w != "e"),
            "[^'\\\\]{0,8}".prop_map(|s| format!("'{}'", s.replace('\'', "''"))),
            "[^\"]{0,8}".prop_map(|s| format!("\"x{s}\"")),
            "[a-z; \n]{0,8}".prop_map(|s| format!("$q${s}$q$")),
            "[a-z; \n]{0,8}".prop_map(|s| format!("/*{s}*/x")),
            "[a-z; ]{0,8}".prop_map(|s| format!("({s})")),
        ]
    }

    proptest! {
        #[test]
        fn statements_put_together_come_apart_again(
            statements in prop::collection::vec(prop::collection::vec(piece(), 1..6), 1..6)
        ) {
            // A comment at the start belongs to no statement, so each begins with a word.
            let whole: Vec<String> = statements.iter().map(|s| format!("w {}", s.join(" "))).collect();
            prop_assert_eq!(texts(&whole.join(";\n")), whole);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = split(&text);
        }
    }
}
