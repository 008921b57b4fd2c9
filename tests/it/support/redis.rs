//! A real Redis server in a container.

use std::time::Duration;

use super::container::{Container, image};
use super::wait::eventually;

/// A server with a password; gone on drop.
#[derive(Debug)]
pub struct Redis {
    pub container: Container,
    pub port: u16,
}

impl Redis {
    pub const PASSWORD: &'static str = "test-password";

    pub fn start() -> Self {
        let container = Container::run(&[
            "--publish",
            "127.0.0.1::6379",
            &image("redis"),
            "redis-server",
            "--requirepass",
            Self::PASSWORD,
            "--save",
            "",
        ]);
        let port = container.port(6379);
        let server = Self { container, port };
        eventually("Redis answers", Duration::from_secs(30), || server.try_command(&["PING"]));
        server
    }

    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/0", Self::PASSWORD, self.port)
    }

    /// Runs `redis-cli`; panics when it fails.
    pub fn command(&self, words: &[&str]) -> String {
        self.try_command(words).unwrap_or_else(|| panic!("redis-cli {}", words.join(" ")))
    }

    fn try_command(&self, words: &[&str]) -> Option<String> {
        let mut line = vec!["redis-cli", "--no-auth-warning", "-a", Self::PASSWORD];
        line.extend_from_slice(words);
        self.container.try_exec(&line)
    }
}
