//! Limits and load.
