//! The reading and writing of wire protocols, from outside.

mod p8_a_limit_is_believed_exactly;
