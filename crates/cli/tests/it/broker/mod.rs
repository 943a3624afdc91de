//! `portunus run` with the real binary: the program beside it, what it may know, and what it does not notice.

mod messages;
mod once;
mod p11_no_secret_leaves;
mod p4_no_expiry_in_use;
mod p6_identity_from_the_credential;
mod p9_alive_is_alive;
mod pins;
mod program;
mod stage;
mod terminal;
