//! `portunus run` with the real binary: the program beside it, what it may know, and what it does not notice.

mod once;
mod p11_no_secret_leaves;
mod p4_no_expiry_in_use;
mod p9_alive_is_alive;
mod program;
mod stage;
