//! The key pool: which key serves next, how long a key rests, who waits and who goes first.

pub mod answer;
pub mod rest;
