//! Mounts of one's own, for a disk that is full.

use std::process::Command;

use super::workspace::{Outcome, Workspace};

/// Runs a script with mounts of its own, in which `$STAGECTL` is the binary. `None`, said loudly, where
/// this machine does not allow that.
pub fn with_own_mounts(workspace: &Workspace, script: &str) -> Option<Outcome> {
    let allowed = Command::new("unshare").args(["--user", "--map-root-user", "--mount", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: no mounts of one's own (unshare --user --mount) on this machine");
        return None;
    }
    let stagectl = workspace.command(&[]).get_program().to_owned();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .current_dir(workspace.path(""))
        .env("STAGECTL", stagectl)
        .env("NO_COLOR", "1")
        .output()
        .expect("run unshare");
    Some(Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
