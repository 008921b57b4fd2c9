//! The exit codes of `stagectl`, documented once and chosen once.

/// Everything asked for was done, and every verdict is green.
pub const OK: u8 = 0;
/// The work was done and the answer is no: a check failed, a migration does not
/// reverse, a generated file has drifted.
pub const NOT_READY: u8 = 1;
/// The command line is wrong, or something could not be checked at all.
pub const USAGE: u8 = 2;
/// `stagectl.yml`, an env file or a template is invalid.
pub const CONFIG: u8 = 3;
/// Something the run needs is missing or unreachable: engine, database, port, disk.
pub const ENVIRONMENT: u8 = 4;
/// Refused for safety: production equals staging, an undecided column, a leak,
/// a destructive plan without `--yes`.
pub const REFUSED: u8 = 5;
/// An action failed half way; what ran before was put back.
pub const FAILED: u8 = 6;
/// A bug in stagectl.
pub const INTERNAL: u8 = 70;
/// Interrupted by the user (Ctrl-C or SIGTERM).
pub const INTERRUPTED: u8 = 130;
