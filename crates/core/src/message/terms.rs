//! How long things last: what is taken stays hidden, what nobody takes fails, what is old is forgotten.

/// How long a message that was taken stays hidden from other readers of the inbox, in milliseconds, unless they say.
pub const VISIBILITY_MS: u64 = 60_000;
/// The shortest such time that a reader may ask for.
pub const SHORTEST_VISIBILITY_MS: u64 = 1_000;
/// The longest one.
pub const LONGEST_VISIBILITY_MS: u64 = 12 * 3_600_000;

/// How often a message is handed out before its delivery fails.
pub const MAX_ATTEMPTS: u32 = 10;

/// How long a message waits for its recipients, in milliseconds, unless its sender says.
pub const EXPIRY_MS: u64 = 7 * DAY_MS;
/// The shortest such time that a sender may ask for.
pub const SHORTEST_EXPIRY_MS: u64 = 1_000;

/// How many days messages are kept, whatever became of them, unless an operator says. No message waits longer for its
/// recipients.
pub const RETENTION_DAYS: u64 = 30;
/// The same in milliseconds.
pub const RETENTION_MS: u64 = RETENTION_DAYS * DAY_MS;

/// How many messages an inbox holds that can still be taken or acknowledged, unless an operator says. Beyond it what is
/// written to its agent by name fails, and what is written to everyone waits on its board for room.
pub const INBOX_LENGTH: u64 = 10_000;

/// How many MiB the messages of one sender may take while they are kept, unless an operator says. Beyond it nothing more of
/// it is written.
pub const MIB_PER_SENDER: u64 = 1_024;
/// What a message takes besides its text and data, about, in bytes.
pub const MESSAGE_BYTES: u64 = 512;
/// What each recipient adds to it, about, in bytes.
pub const RECIPIENT_BYTES: u64 = 96;

const DAY_MS: u64 = 86_400_000;
