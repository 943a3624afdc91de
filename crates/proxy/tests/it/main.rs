//! The proxy's integration tests: one binary, one module per part.

mod provider;
