//! Lays the release binary out: what a start and model calls go through stands together.
//!
//! The kernel maps a program's text in pieces of 64 KiB around each place that is touched. In the order in which the compiler
//! leaves functions, an idle plane touches three of four pieces; in this one, one of three. `cargo xtask layout` writes
//! the list. It names functions without their hashes, and a name that no longer exists does nothing.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=layout.ld");
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Both linkers that come with a Linux toolchain read such lists; whoever brings another one knows better.
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let brings_linker = env::var_os("RUSTC_LINKER").is_some() || flags.contains("link");
    if is("CARGO_CFG_TARGET_OS", "linux") && is("PROFILE", "release") && !brings_linker {
        let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg-bin=portunus=-Wl,-T,{folder}/layout.ld");
    }
}
