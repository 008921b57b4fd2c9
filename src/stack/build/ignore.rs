//! `.dockerignore`: which files of a build context stay at home. Pure.

use regex::Regex;

use crate::failure::Failure;

/// The patterns of a `.dockerignore`, in their order.
#[derive(Debug, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    /// `!`: what it matches is taken after all.
    exception: bool,
    regex: Regex,
}

impl Ignore {
    /// Reads the file's text.
    ///
    /// # Errors
    /// A pattern that cannot be read, with its line.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let mut patterns = Vec::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (exception, glob) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            let glob = clean(glob);
            if glob.is_empty() {
                continue;
            }
            let regex = Regex::new(&expression(&glob)).map_err(|_| {
                Failure::config(format!(".dockerignore:{}: `{line}` is no pattern", number + 1))
            })?;
            patterns.push(Pattern { exception, regex });
        }
        Ok(Self { patterns })
    }

    /// Whether a path below the context, with `/` between its parts, stays at home. The last
    /// pattern that matches it or a folder above it decides.
    pub fn leaves_out(&self, path: &str) -> bool {
        let mut out = false;
        for pattern in &self.patterns {
            // A pattern that would not change the answer need not be tried.
            if pattern.exception == out && pattern.matches(path) {
                out = !pattern.exception;
            }
        }
        out
    }

    /// True when files below a folder that is left out may be taken after all.
    pub fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.exception)
    }
}

impl Pattern {
    fn matches(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders.chain([path]).any(|path| self.regex.is_match(path))
    }
}

/// Without `.`, empty parts and what leads above; as Go's `filepath.Clean` and without the first `/`.
fn clean(glob: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in glob.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The regular expression of a pattern: `**` is any number of folders, `*` and `?` stay in one.
fn expression(glob: &str) -> String {
    let mut expression = "^".to_owned();
    let mut rest = glob;
    while let Some(first) = rest.chars().next() {
        let (text, length) = if rest.starts_with("**/") {
            ("(?:.*/)?".to_owned(), 3)
        } else if rest.starts_with("**") {
            (".*".to_owned(), 2)
        } else {
            match first {
                '*' => ("[^/]*".to_owned(), 1),
                '?' => ("[^/]".to_owned(), 1),
                '[' => match rest.find(']') {
                    // Go writes the negation as `^`, as regular expressions do.
                    Some(end) => (rest[..=end].to_owned(), end + 1),
                    None => ("[".to_owned(), 1),
                },
                '\\' => {
                    let next = rest[1..].chars().next().unwrap_or('\\');
                    (regex::escape(&next.to_string()), 1 + next.len_utf8())
                }
                other => (regex::escape(&other.to_string()), other.len_utf8()),
            }
        };
        expression += &text;
        rest = rest.get(length..).unwrap_or_default();
    }
    expression + "$"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(text: &str, path: &str) -> bool {
        Ignore::parse(text).unwrap().leaves_out(path)
    }

    #[test]
    fn patterns_match_as_dockers_do() {
        for (pattern, path, expected) in [
            ("node_modules", "node_modules/a/b.js", true),
            ("node_modules", "web/node_modules/a.js", false),
            ("**/node_modules", "web/node_modules/a.js", true),
            ("**/node_modules", "node_modules", true),
            ("*.log", "a.log", true),
            ("*.log", "logs/a.log", false),
            ("**/*.log", "logs/deep/a.log", true),
            ("/build/", "build/x", true),
            ("./src/../build", "build", true),
            ("te?t", "text", true),
            ("te?t", "te/t", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("a.b", "axb", false),
            ("docs/**", "docs/a/b", true),
            ("docs/**", "docs", false),
            ("# a comment", "# a comment", false),
            (r"\!kept", "!kept", true),
            ("", "a", false),
            (".", "a", false),
        ] {
            assert_eq!(left_out(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let text = "*\n!src\nsrc/secret\n";
        assert!(left_out(text, "README.md"));
        assert!(!left_out(text, "src/main.rs"));
        assert!(left_out(text, "src/secret/key"));
        assert!(!left_out("*.md\n!README.md", "README.md"));
        assert!(left_out("!README.md\n*.md", "README.md"));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_named_with_its_line() {
        let error = Ignore::parse("ok\n[z-a]").unwrap_err();
        assert_eq!(error.message, ".dockerignore:2: `[z-a]` is no pattern");
    }
}
