//! The domain's tests from outside, by promise.

mod p7_any_key_can_serve;
mod p8_a_limit_is_believed_exactly;
mod pool_model;
mod scene;
