//! What netdiag's end-to-end tests share: a network namespace of their own, `ip` as the second
//! opinion, and the `netdiag` binary.
//!
//! The tests see what a user sees: the public API of `netdiag-core` and the binary. They change
//! network state only inside a [`sandbox`], which runs as root or in an unprivileged user
//! namespace.

#![cfg(target_os = "linux")]

pub mod binary;
pub mod ip;
pub mod oracle;
pub mod random;
pub mod sandbox;
pub mod schema;
pub mod screen;
pub mod tun;
pub mod watched;
