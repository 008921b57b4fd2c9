//! The twin's files: its compose file and its stagectl.yml.
