//! The context of a build as a tar stream: read, filtered and sent as it goes, never held whole.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;

use super::ignore::Ignore;

/// How much is sent at once, in bytes.
const CHUNK: usize = 64 * 1024;
/// How many chunks may wait for the engine.
const AHEAD: usize = 8;

/// A folder to build from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildContext {
    pub folder: PathBuf,
    /// The Dockerfile's path below the folder; its own ignore file goes before `.dockerignore`.
    pub dockerfile: String,
    /// A Dockerfile that does not stand in the folder: its name in the stream, and its text.
    pub extra: Option<(String, Vec<u8>)>,
}

impl BuildContext {
    /// Sends the files from a thread of its own. The stream ends early when nobody reads on.
    pub fn stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            let mut pipe = Pipe { sender, buffer: Vec::with_capacity(CHUNK) };
            if let Err(error) = self.write(&mut pipe) {
                let _ = pipe.sender.blocking_send(Err(io::Error::other(format!("{error:#}"))));
            }
        });
        futures_util::stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        })
    }

    fn write(&self, out: &mut impl Write) -> Result<()> {
        let ignore = self.ignore()?;
        let mut archive = tar::Builder::new(out);
        archive.follow_symlinks(false);
        self.add_folder(&mut archive, "", &ignore)?;
        if let Some((name, text)) = &self.extra {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, text.as_slice())?;
        }
        archive.into_inner()?.flush()?;
        Ok(())
    }

    fn ignore(&self) -> Result<Ignore> {
        for name in [format!("{}.dockerignore", self.dockerfile), ".dockerignore".to_owned()] {
            let file = self.folder.join(name);
            if file.is_file() {
                return Ok(Ignore::parse(&fs_err::read_to_string(file)?)?);
            }
        }
        Ok(Ignore::default())
    }

    fn add_folder<W: Write>(
        &self,
        archive: &mut tar::Builder<W>,
        below: &str,
        ignore: &Ignore,
    ) -> Result<()> {
        let mut entries: Vec<fs_err::DirEntry> =
            fs_err::read_dir(self.folder.join(below))?.collect::<io::Result<_>>()?;
        entries.sort_by_key(fs_err::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_str().with_context(|| format!("{} is not UTF-8", entry.path().display()))?;
            let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            let kind = entry.file_type()?;
            // The engine needs these, whatever the patterns say.
            let needed = path == self.dockerfile || path == ".dockerignore";
            let out = !needed && ignore.leaves_out(&path);
            if kind.is_dir() {
                let deeper =
                    !out || ignore.has_exceptions() || Path::new(&self.dockerfile).starts_with(&path);
                if !out {
                    archive.append_path_with_name(entry.path(), &path)?;
                }
                if deeper {
                    self.add_folder(archive, &path, ignore)?;
                }
            } else if !out && (kind.is_file() || kind.is_symlink()) {
                archive
                    .append_path_with_name(entry.path(), &path)
                    .with_context(|| format!("read {}", entry.path().display()))?;
            }
        }
        Ok(())
    }
}

/// Hands what is written to the stream, in chunks.
struct Pipe {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        if chunk.is_empty() {
            return Ok(());
        }
        self.sender.blocking_send(Ok(chunk.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(context: &BuildContext) -> BTreeSet<String> {
        let mut bytes = Vec::new();
        context.write(&mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap();
        entries.map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect()
    }

    #[test]
    fn the_stream_holds_what_is_not_ignored_and_always_the_dockerfile() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            let mut file = fs_err::File::create(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        for name in ["a.txt", "build/Dockerfile", "build/x", "keep/y", "keep/z.log"] {
            write(name, name);
        }
        write(".dockerignore", "*\n!keep\n**/*.log\n");
        let context = BuildContext {
            folder: folder.path().to_owned(),
            dockerfile: "build/Dockerfile".into(),
            extra: None,
        };
        let expected = [".dockerignore", "build/Dockerfile", "keep", "keep/y"].map(str::to_owned);
        assert_eq!(names(&context), BTreeSet::from(expected));

        // A Dockerfile's own ignore file goes before the common one.
        write("build/Dockerfile.dockerignore", "keep\n");
        assert!(names(&context).contains("a.txt") && !names(&context).contains("keep/y"));
    }

    #[test]
    fn a_dockerfile_from_elsewhere_comes_along() {
        let folder = tempfile::tempdir().unwrap();
        let extra = Some((".dockerfile.stagectl".to_owned(), b"FROM scratch\n".to_vec()));
        let context = BuildContext {
            folder: folder.path().to_owned(),
            dockerfile: ".dockerfile.stagectl".into(),
            extra,
        };
        assert_eq!(names(&context), BTreeSet::from([".dockerfile.stagectl".to_owned()]));
    }
}
