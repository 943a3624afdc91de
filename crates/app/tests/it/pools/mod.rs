//! The pools at work: waiting, fallback, the vault and the record.

mod p11_no_secret_leaves;
mod p12_the_record_holds;
mod p7_any_key_can_serve;
mod p8_a_limit_is_believed_exactly;
mod stage;
