//! Files put into a container that was created and does not run yet.

use anyhow::Result;
use bollard::query_parameters::UploadToContainerOptions;

use super::spec::FileSpec;
use super::{Engine, failed};
use crate::failure::Failure;

/// The block of a tar archive, in bytes.
const BLOCK: usize = 512;
/// The longest path of a header, in bytes.
const LONGEST: usize = 100;

impl Engine {
    /// Copies files into a container; folders that are missing are made.
    pub async fn copy_in(&self, container: &str, files: &[FileSpec]) -> Result<()> {
        let mut archive = Vec::new();
        for file in files {
            entry(&mut archive, file)?;
        }
        archive.resize(archive.len() + 2 * BLOCK, 0);
        let options = UploadToContainerOptions { path: "/".to_owned(), ..Default::default() };
        self.docker
            .upload_to_container(container, Some(options), bollard::body_full(archive.into()))
            .await
            .map_err(|error| failed(&format!("copy secrets and configs into {container}"), error))
    }
}

/// A regular file in the ustar form.
fn entry(archive: &mut Vec<u8>, file: &FileSpec) -> Result<()> {
    let path = file.target.trim_start_matches('/');
    if path.is_empty() || path.len() > LONGEST {
        return Err(Failure::config(format!("`{}` is no place for a secret or config", file.target))
            .hint("an absolute path of at most 100 bytes")
            .into());
    }
    let mut header = [0_u8; BLOCK];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, path);
    put(100, &format!("{:07o}", file.mode));
    put(108, &format!("{:07o}", file.uid));
    put(116, &format!("{:07o}", file.gid));
    put(124, &format!("{:011o}", file.content.len()));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    archive.extend_from_slice(&header);
    archive.extend_from_slice(&file.content);
    archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_header_with_its_checksum_and_whole_blocks() {
        let file = FileSpec {
            target: "/run/secrets/a".into(),
            mode: 0o440,
            uid: 70,
            content: vec![b'x'; 513],
            ..FileSpec::default()
        };
        let mut archive = Vec::new();
        entry(&mut archive, &file).unwrap();
        assert_eq!(archive.len(), 3 * BLOCK);
        assert!(archive.starts_with(b"run/secrets/a\0"));
        assert_eq!(&archive[100..116], b"0000440\x000000106\0");
        let mut header = archive[..BLOCK].to_vec();
        let written = u32::from_str_radix(std::str::from_utf8(&header[148..154]).unwrap(), 8).unwrap();
        header[148..156].fill(b' ');
        assert_eq!(header.iter().map(|&byte| u32::from(byte)).sum::<u32>(), written);
    }

    #[test]
    fn a_path_that_does_not_fit_is_refused() {
        let file = FileSpec { target: format!("/{}", "a".repeat(101)), ..FileSpec::default() };
        assert!(entry(&mut Vec::new(), &file).is_err());
    }
}
