//! Rebuilds the crate when a migration is added: the compiler only notices changes of those it has embedded.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
