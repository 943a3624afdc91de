//! How many notifications one agent may send, and how long they last, unless an operator says.

/// Notifications of one agent in an hour, in the long run.
pub const PER_HOUR: u32 = 60;
/// Notifications of one agent at once.
pub const BURST: u32 = 20;

/// How many days notifications are kept, read or not.
pub const RETENTION_DAYS: u64 = 30;
/// How many are kept; beyond that the oldest are forgotten, so that many agents together fill no disk.
pub const MOST: u64 = 100_000;
