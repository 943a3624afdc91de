//! The part of the trait that is about alarms.

use crate::{Listing, Page, Result, Tell};
use portunus_core::alarm::{Acknowledgement, Alarm};
use portunus_core::ids::AlarmId;
use portunus_core::time::Timestamp;

/// Which alarms are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlarmFilter {
    /// All of them.
    #[default]
    All,
    /// Those that nobody has looked at.
    Open,
    /// Those that somebody has looked at.
    Acknowledged,
}

impl AlarmFilter {
    /// Whether an alarm passes.
    #[must_use]
    pub const fn takes(self, alarm: &Alarm) -> bool {
        match self {
            Self::All => true,
            Self::Open => alarm.is_open(),
            Self::Acknowledged => !alarm.is_open(),
        }
    }
}

/// What the plane remembers of its alarms. The rules of [`crate::Store`] hold here too.
#[async_trait::async_trait]
pub trait AlarmStore: Send + Sync + 'static {
    /// Keeps alarms as they are now, new and known ones. One that is acknowledged already stays as it is, and one that another
    /// is open of the same kind and subject for, as another process may have raised it, is dropped. What stands in place of
    /// each of those is returned.
    async fn save_alarms(&self, alarms: &[Alarm]) -> Result<Vec<Alarm>>;

    /// Alarms, newest first. `BadCursor`.
    async fn alarms(&self, filter: AlarmFilter, page: Page) -> Result<Listing<Alarm>>;

    /// Notes who looked at an alarm, which is returned. `NotFound`, also when somebody did before.
    async fn acknowledge_alarm(
        &self,
        id: AlarmId,
        who: Acknowledgement,
        event: &dyn Tell<Alarm>,
    ) -> Result<Alarm>;

    /// Forgets alarms that were acknowledged before `before`, and says how many.
    async fn forget_alarms(&self, before: Timestamp) -> Result<u64>;
}
