//! Unifies third-party features; holds no code. See `Cargo.toml` beside this file.
