//! The bodies of model calls. They are held before anything else bounds what an agent uses, and as long as their calls wait,
//! so there is a bound on them: of one agent, and of all together. A small one asks nobody.

use bytes::Bytes;
use portunus_app::admission::bodies::{Room, Shares};

/// How much is held: four of the largest size of one agent, and 32 of all, the last eight for agents without any.
pub(crate) const fn shares(largest: usize) -> Shares {
    Shares {
        largest,
        of_one: 4,
        of_all: 32,
        for_newcomers: 8,
    }
}

/// A body that is all there, and the room that it takes.
#[derive(Debug)]
pub(crate) struct Upload {
    bytes: Bytes,
    room: Option<Room>,
}

/// Bytes that give their room back with the last that is left of them.
struct Held {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Upload {
    pub(crate) const fn new(bytes: Bytes, room: Option<Room>) -> Self {
        Self { bytes, room }
    }

    pub(crate) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The same with other bytes, made of its own.
    pub(crate) fn rewritten(self, bytes: Bytes) -> Self {
        Self { bytes, ..self }
    }

    /// The bytes, which hold their room from now on, whoever shares them.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self.room {
            None => self.bytes,
            Some(room) => Bytes::from_owner(Held {
                bytes: self.bytes,
                _room: room,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_app::admission::Bodies;
    use portunus_core::agent::Principal;
    use portunus_core::ids::AgentId;
    use std::sync::Arc;

    #[test]
    fn p1_a_body_counts_until_the_last_of_its_bytes_is_gone() {
        let bodies = Arc::<Bodies>::default();
        let agent = Principal::Agent(AgentId::from_bytes([1; 16]));
        let mut arriving = bodies.arriving(agent, shares(100_000));
        arriving.reach(50_000).unwrap();
        let upload = Upload::new(Bytes::from(vec![b'x'; 50_000]), arriving.arrived(50_000));
        let longer = Bytes::from(vec![b'y'; 50_020]);
        let sent = upload.rewritten(longer.clone()).into_bytes();
        assert_eq!(sent, longer);
        let (shared, slice) = (sent.clone(), sent.slice(10..20));
        drop((sent, shared));
        assert_eq!(bodies.taken(), 50_000);
        drop(slice);
        assert_eq!(bodies.taken(), 0);
    }
}
