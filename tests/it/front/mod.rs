//! The checks of the front door against a real nginx: green on what stagectl renders, and each red for
//! the fault that is its own.

mod certificates;
mod load;
mod proxy;
mod twin;
