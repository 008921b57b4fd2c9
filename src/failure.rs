//! What a run can fail with: a class that decides the exit code, a sentence, and
//! hints that say what to do next.
//!
//! Code raises `Failure`s at the place that knows the cause and adds context with
//! `anyhow`; [`Failure::classify`] finds the class again at the end.

use std::io::ErrorKind;

use crate::exit;

/// The class of a failure; each has its own exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    NotReady,
    Usage,
    Config,
    Environment,
    Refused,
    Failed,
    Internal,
    Interrupted,
}

impl Class {
    /// The documented exit code. Exhaustive, so a new class must choose.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::NotReady => exit::NOT_READY,
            Self::Usage => exit::USAGE,
            Self::Config => exit::CONFIG,
            Self::Environment => exit::ENVIRONMENT,
            Self::Refused => exit::REFUSED,
            Self::Failed => exit::FAILED,
            Self::Internal => exit::INTERNAL,
            Self::Interrupted => exit::INTERRUPTED,
        }
    }

    /// The word that JSON output carries.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotReady => "not-ready",
            Self::Usage => "usage",
            Self::Config => "config",
            Self::Environment => "environment",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Internal => "internal",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A failure that somebody classified.
#[derive(Debug, Clone)]
pub struct Failure {
    pub class: Class,
    pub message: String,
    pub hints: Vec<String>,
}

impl Failure {
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), hints: Vec::new() }
    }
    pub fn not_ready(message: impl Into<String>) -> Self {
        Self::new(Class::NotReady, message)
    }
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Class::Usage, message)
    }
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Class::Config, message)
    }
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Class::Environment, message)
    }
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Class::Refused, message)
    }
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Class::Failed, message)
    }
    pub fn interrupted() -> Self {
        Self::new(Class::Interrupted, "interrupted").hint("run the same command again: it continues safely")
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The class and hints of an error chain: those of the first `Failure` in it, or of an
    /// I/O error that the machine is to blame for. Any other chain is `Failed`.
    pub fn classify(error: &anyhow::Error) -> (Class, Vec<String>) {
        if let Some(failure) = error.chain().find_map(|cause| cause.downcast_ref::<Self>()) {
            return (failure.class, failure.hints.clone());
        }
        let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
        match io.map(std::io::Error::kind) {
            Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => (
                Class::Environment,
                vec!["free some space on that disk, then run the same command again".into()],
            ),
            Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => (
                Class::Environment,
                vec!["check who may write there: the owner and mode of the folder".into()],
            ),
            _ => (Class::Failed, Vec::new()),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn a_class_survives_the_context_that_is_put_around_it() {
        let error = Err::<(), _>(Failure::refused("no").hint("use --yes")).context("copy data").unwrap_err();
        assert_eq!(Failure::classify(&error), (Class::Refused, vec!["use --yes".to_owned()]));
        assert_eq!(format!("{error:#}"), "copy data: no");
    }

    #[test]
    fn a_full_disk_is_the_environments_fault() {
        let full = std::io::Error::from(ErrorKind::StorageFull);
        let error = anyhow::Error::from(full).context("write the report");
        assert_eq!(Failure::classify(&error).0, Class::Environment);
    }
}
