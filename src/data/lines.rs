//! Whole lines out of the pieces that COPY sends.

/// Bytes that wait for their line break.
#[derive(Default)]
pub struct Lines {
    buffer: Vec<u8>,
    at: usize,
}

impl Lines {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next line without its break, where it has come whole.
    pub fn next(&mut self) -> Option<&[u8]> {
        let length = self.buffer[self.at..].iter().position(|&b| b == b'\n')?;
        let start = self.at;
        self.at += length + 1;
        Some(&self.buffer[start..start + length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for piece in ["a\tb\nc", "d", "\n\ne"] {
            lines.push(piece.as_bytes());
            while let Some(line) = lines.next() {
                seen.push(String::from_utf8_lossy(line).into_owned());
            }
        }
        assert_eq!(seen, ["a\tb", "cd", ""]);
    }
}
