//! gzip on all cores: blocks are compressed beside each other and written in order, each a member of
//! its own. `gunzip`, `zcat` and all others read members one after the other as one file.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes of a block: large enough that its own dictionary costs less than a hundredth.
const BLOCK: usize = 1 << 20;

/// Compresses what is written to it. Holds at most a block for each thread and one more.
pub struct Members<W: Write> {
    out: W,
    block: Vec<u8>,
    running: VecDeque<JoinHandle<io::Result<Vec<u8>>>>,
    threads: usize,
    level: Compression,
}

impl<W: Write> Members<W> {
    pub fn new(out: W, level: Compression, threads: usize) -> Self {
        Self {
            out,
            block: Vec::with_capacity(BLOCK),
            running: VecDeque::new(),
            threads: threads.max(1),
            level,
        }
    }

    /// Writes what is left, and gives the file back. Without it the end is missing.
    pub fn finish(mut self) -> io::Result<W> {
        // An empty file has one member too.
        self.start();
        while !self.running.is_empty() {
            self.write_oldest()?;
        }
        Ok(self.out)
    }

    fn start(&mut self) {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        let level = self.level;
        self.running.push_back(std::thread::spawn(move || {
            let mut encoder = GzEncoder::new(Vec::with_capacity(block.len() / 2), level);
            encoder.write_all(&block)?;
            encoder.finish()
        }));
    }

    fn write_oldest(&mut self) -> io::Result<()> {
        let Some(oldest) = self.running.pop_front() else { return Ok(()) };
        let member = oldest.join().map_err(|_| io::Error::other("a thread that compresses has ended"))?;
        self.out.write_all(&member?)
    }
}

impl<W: Write> Write for Members<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == BLOCK {
            if self.running.len() == self.threads {
                self.write_oldest()?;
            }
            self.start();
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::MultiGzDecoder;

    use super::*;

    #[test]
    fn what_is_written_comes_back_in_order_whatever_its_length() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 17] {
            let original: Vec<u8> = (0..length).map(|i| (i * i / 7 % 251) as u8).collect();
            for threads in [1, 3] {
                let mut members = Members::new(Vec::new(), Compression::fast(), threads);
                for piece in original.chunks(70_001) {
                    members.write_all(piece).unwrap();
                }
                let mut read = Vec::new();
                MultiGzDecoder::new(&members.finish().unwrap()[..]).read_to_end(&mut read).unwrap();
                assert!(read == original, "{length} bytes, {threads} threads");
            }
        }
    }
}
