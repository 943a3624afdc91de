//! The model door: an agent's request in, one provider's answer out.

pub mod provider;
