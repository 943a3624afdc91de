//! The control API and the listener: routes, extractors, problem documents, and the accept loop.

pub mod listen;
