//! The reading and writing of wire protocols, from outside.

mod p1_innocent_never_punished;
mod p8_a_limit_is_believed_exactly;
