//! Can one container open a port of another? Asked from inside, with whatever its image has.

use std::time::Duration;

use crate::engine::{Engine, ExecInput};

/// Tries the tools of an image in turn; prints `open`, `closed` or `unknown`.
const SCRIPT: &str = r#"
h=$1; p=$2
if command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
  timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$h" "$p"
elif command -v python3 >/dev/null 2>&1; then
  python3 -c 'import socket,sys; socket.create_connection((sys.argv[1],int(sys.argv[2])),2)' "$h" "$p"
elif command -v nc >/dev/null 2>&1; then
  nc -z -w 2 "$h" "$p"
elif command -v node >/dev/null 2>&1; then
  node -e 's=require("net").connect({host:process.argv[1],port:+process.argv[2],timeout:2000});s.on("connect",()=>process.exit(0));s.on("error",()=>process.exit(1));s.on("timeout",()=>process.exit(1))' "$h" "$p"
else
  echo unknown; exit 0
fi 2>/dev/null
if [ $? -eq 0 ]; then echo open; else echo closed; fi
"#;

/// What a container saw of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Open,
    /// Refused, unresolved or silent.
    Closed,
    /// The image has no tool to try with.
    Unknown,
}

/// Tries to open `host:port` from inside a container; bounded by 4 s.
pub async fn reach(engine: &Engine, container: &str, host: &str, port: u16) -> Reach {
    let command = ["sh", "-c", SCRIPT, "sh", host, &port.to_string()].map(str::to_owned).to_vec();
    let input = ExecInput { command, ..ExecInput::default() };
    let answer = engine.exec_within(container, input, Duration::from_secs(4)).await;
    match answer {
        Ok(Some(output)) => read(&output.stdout),
        // Still trying after 4 s: nothing answered there.
        Ok(None) => Reach::Closed,
        Err(_) => Reach::Unknown,
    }
}

fn read(stdout: &str) -> Reach {
    match stdout.trim() {
        "open" => Reach::Open,
        "closed" => Reach::Closed,
        _ => Reach::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_shell_proves_nothing() {
        assert_eq!(read("OCI runtime exec failed: \"sh\": not found"), Reach::Unknown);
        assert_eq!(read("closed\n"), Reach::Closed);
        assert_eq!(read("open\n"), Reach::Open);
    }
}
