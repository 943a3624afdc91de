//! Typed identifiers: 128 random bits behind a prefix that says what they name.

use crate::base62;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The text is not an identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of the form {prefix}_ followed by 22 base62 characters")]
pub struct IdError {
    /// The prefix that was expected, such as `agt`.
    pub prefix: &'static str,
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name([u8; 16]);

        impl $name {
            /// From 16 random bytes, or from stored ones.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes, for storage.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(base62::digits(&self.0, 22).as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|digits| digits.len() == 22)
                    .and_then(base62::decode)
                    .map(Self)
                    .ok_or(IdError { prefix: $prefix })
            }
        }
    };
}

typed_id!(
    /// An agent.
    AgentId, "agt"
);
typed_id!(
    /// An operator.
    OperatorId, "opr"
);
typed_id!(
    /// A device that an operator paired.
    DeviceId, "dev"
);
typed_id!(
    /// A pool of provider keys.
    PoolId, "pol"
);
typed_id!(
    /// A provider key.
    KeyId, "key"
);
typed_id!(
    /// A budget.
    BudgetId, "bud"
);
typed_id!(
    /// A family of access tokens.
    FamilyId, "fam"
);
typed_id!(
    /// A key that access tokens are signed with.
    SigningKeyId, "sig"
);
typed_id!(
    /// An alarm.
    AlarmId, "alm"
);
typed_id!(
    /// A key that checkpoints of the audit log are signed with.
    AuditKeyId, "aud"
);
typed_id!(
    /// A board.
    BoardId, "brd"
);
typed_id!(
    /// A message, on a board or to an agent.
    MessageId, "msg"
);
typed_id!(
    /// What an agent wants operators to know.
    NotificationId, "ntf"
);
typed_id!(
    /// A connection that stays open.
    ConnectionId, "con"
);
typed_id!(
    /// One request, as logged and answered in `x-request-id`.
    RequestId, "req"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_another_kind_is_refused() {
        let id = AgentId::from_bytes([7; 16]);
        assert_eq!(id.to_string().parse::<AgentId>(), Ok(id));
        assert!(id.to_string().parse::<KeyId>().is_err());
        assert!("agt_short".parse::<AgentId>().is_err());
    }
}
