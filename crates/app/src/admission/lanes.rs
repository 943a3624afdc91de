//! The quotas of all principals, in many small parts, each behind a lock that is held for one look-up.

use parking_lot::Mutex;
use portunus_core::admission::{Arrivals, Class, Limited, Quota, Standing};
use portunus_core::agent::Principal;
use portunus_core::time::Tick;

/// So many that two threads rarely meet, and that forgetting what is whole again holds up nobody for long: with a
/// million principals one part has about four thousand.
const PARTS: usize = 256;

/// One kind of principal in one class, parted by its ids.
#[derive(Debug)]
struct Lane(Box<[Mutex<Arrivals>]>);

impl Default for Lane {
    fn default() -> Self {
        Self((0..PARTS).map(|_| Mutex::default()).collect())
    }
}

impl Lane {
    fn part(&self, id: &[u8; 16]) -> &Mutex<Arrivals> {
        // Other bits than those that the maps go by.
        #[expect(clippy::indexing_slicing, reason = "a byte names one of 256 parts")]
        &self.0[usize::from(id[15])]
    }
}

/// Every quota that is not whole.
#[derive(Debug, Default)]
pub struct Lanes {
    agents: [Lane; 3],
    operators: [Lane; 3],
}

impl Lanes {
    /// Lets one request of `principal` in, or does not.
    ///
    /// # Errors
    /// [`Limited`] when its own quota is used up.
    pub fn admit(
        &self,
        principal: Principal,
        class: Class,
        quota: &Quota,
        now: Tick,
    ) -> Result<Standing, Limited> {
        let (lanes, id) = match &principal {
            Principal::Agent(id) => (&self.agents, id.as_bytes()),
            Principal::Operator(id) => (&self.operators, id.as_bytes()),
        };
        let [vital, control, llm] = lanes;
        let lane = match class {
            Class::Vital => vital,
            Class::Control => control,
            Class::Llm => llm,
        };
        lane.part(id).lock().admit(id, quota, now)
    }
}
