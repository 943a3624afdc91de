//! The reading and writing of wire protocols, from outside.
