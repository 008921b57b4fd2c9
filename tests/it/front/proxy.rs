//! Protocols, certificates, headers, redirects, routes.

use super::twin::{READING, Twin};
use crate::support::engine_or_skip;

#[test]
fn the_rendered_proxy_passes_every_check_of_the_front_door() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start();
    assert_eq!(twin.red(&READING), []);
}
