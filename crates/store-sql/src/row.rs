//! Columns and the domain's values, in both directions.

use crate::failure::{Attempt, Failure};
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, OperatorId};
use portunus_core::time::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::str::FromStr;

/// Times and durations as the database keeps them; what lies beyond 292 million years is cut.
pub(crate) fn number(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

pub(crate) fn moment(at: Timestamp) -> i64 {
    number(at.as_millis())
}

/// The kind and the id of a principal.
pub(crate) fn principal(principal: &Principal) -> (&'static str, &[u8]) {
    match principal {
        Principal::Agent(id) => ("agent", id.as_bytes()),
        Principal::Operator(id) => ("operator", id.as_bytes()),
    }
}

/// Reads the columns of one row; a value that the domain refuses is [`Failure::Malformed`].
pub(crate) struct Columns<'r>(pub(crate) &'r SqliteRow);

impl<'r> Columns<'r> {
    pub(crate) fn text(&self, column: &'static str) -> Attempt<&'r str> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn optional_text(&self, column: &'static str) -> Attempt<Option<&'r str>> {
        Ok(self.0.try_get(column)?)
    }

    /// A text that the domain parses.
    pub(crate) fn name<T: FromStr>(&self, column: &'static str) -> Attempt<T> {
        self.text(column)?
            .parse()
            .map_err(|_| Failure::Malformed(column))
    }

    /// A text that the domain parses, if there is one.
    pub(crate) fn optional_name<T: FromStr>(&self, column: &'static str) -> Attempt<Option<T>> {
        let text = self.optional_text(column)?;
        text.map(|text| text.parse().map_err(|_| Failure::Malformed(column)))
            .transpose()
    }

    /// A text out of a closed set.
    pub(crate) fn one_of<T>(
        &self,
        column: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Attempt<T> {
        read(self.text(column)?).ok_or(Failure::Malformed(column))
    }

    pub(crate) fn bytes<const N: usize>(&self, column: &'static str) -> Attempt<[u8; N]> {
        let bytes: &[u8] = self.0.try_get(column)?;
        bytes.try_into().map_err(|_| Failure::Malformed(column))
    }

    pub(crate) fn optional_bytes<const N: usize>(
        &self,
        column: &'static str,
    ) -> Attempt<Option<[u8; N]>> {
        let bytes: Option<&[u8]> = self.0.try_get(column)?;
        bytes
            .map(|bytes| bytes.try_into().map_err(|_| Failure::Malformed(column)))
            .transpose()
    }

    pub(crate) fn blob(&self, column: &'static str) -> Attempt<Vec<u8>> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn optional_blob(&self, column: &'static str) -> Attempt<Option<Vec<u8>>> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn count<T: TryFrom<i64>>(&self, column: &'static str) -> Attempt<T> {
        let value: i64 = self.0.try_get(column)?;
        T::try_from(value).map_err(|_| Failure::Malformed(column))
    }

    /// Where the row stands in a list, whatever was written there.
    pub(crate) fn place(&self) -> Attempt<i64> {
        Ok(self.0.try_get("seq")?)
    }

    pub(crate) fn optional_count<T: TryFrom<i64>>(
        &self,
        column: &'static str,
    ) -> Attempt<Option<T>> {
        let value: Option<i64> = self.0.try_get(column)?;
        let value = value.map(|value| T::try_from(value).map_err(|_| Failure::Malformed(column)));
        value.transpose()
    }

    pub(crate) fn moment(&self, column: &'static str) -> Attempt<Timestamp> {
        Ok(Timestamp::from_millis(self.count(column)?))
    }

    pub(crate) fn optional_moment(&self, column: &'static str) -> Attempt<Option<Timestamp>> {
        let value: Option<i64> = self.0.try_get(column)?;
        value
            .map(|millis| match u64::try_from(millis) {
                Ok(millis) => Ok(Timestamp::from_millis(millis)),
                Err(_) => Err(Failure::Malformed(column)),
            })
            .transpose()
    }

    /// A principal out of a column of its kind and one of its id.
    pub(crate) fn principal(&self, kind: &'static str, id: &'static str) -> Attempt<Principal> {
        let bytes = self.bytes(id)?;
        match self.text(kind)? {
            "agent" => Ok(Principal::Agent(AgentId::from_bytes(bytes))),
            "operator" => Ok(Principal::Operator(OperatorId::from_bytes(bytes))),
            _ => Err(Failure::Malformed(kind)),
        }
    }
}
