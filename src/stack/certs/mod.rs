//! The twin's own certificate authority and the proxy's certificate.
//!
//! ```ignore
//! let request = certs::request(&settings);
//! let observed = certs::observe(&request)?;
//! let plan = certs::plan(&request, &observed, now, force);   // plan.is_empty(), plan.text(), plan.json()
//! certs::apply(&request, &plan, now, &ui)?;   // then restart the proxy: it reads certificates at its start
//! ```

mod issue;
mod observe;
mod request;

pub use issue::apply;
pub use observe::{Observed, Stored, observe};
pub use request::{Action, Part, Plan, Request, plan, request};

#[cfg(test)]
mod tests;
