//! How decisions become bytes and bytes become decisions: format 2 of a segment.
//!
//! A segment is a row of records; a record is its length (four bytes, little endian) and the decision by `postcard`,
//! in which an older release reads what a newer one wrote only when their types are alike. So a change of
//! [`Decision`] or of anything in it takes a new format number, and segments of unknown formats are skipped and counted.
//! Format 2 can say that a call was repeated; all that format 1 could say it says in the same bytes.

use portunus_core::decision::Decision;
use portunus_core::ids::RequestId;
use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// The format that is written.
pub(crate) const FORMAT: u8 = 2;

/// Whether segments of a format are read.
pub(crate) const fn is_read(format: u8) -> bool {
    matches!(format, 1..=FORMAT)
}

/// Bytes of a record's length.
const HEAD: usize = 4;

/// The decision could not be written as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unwritable;

/// Writes to the end of a buffer that lives on.
struct Tail<'a>(&'a mut Vec<u8>);

impl Flavor for Tail<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends a record; the buffer is as before when it fails.
pub(super) fn write(bytes: &mut Vec<u8>, decision: &Decision) -> Result<(), Unwritable> {
    let begin = bytes.len();
    bytes.extend_from_slice(&[0; HEAD]);
    let written = decision.serialize(&mut postcard::Serializer {
        output: Tail(bytes),
    });
    let length = u32::try_from(bytes.len() - begin - HEAD);
    let head = bytes.get_mut(begin..begin + HEAD);
    match (written, length, head) {
        (Ok(()), Ok(length), Some(head)) => {
            head.copy_from_slice(&length.to_le_bytes());
            Ok(())
        }
        _ => {
            bytes.truncate(begin);
            Err(Unwritable)
        }
    }
}

/// The records of a segment, in their order, undecoded.
pub(crate) fn records(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        let length = usize::try_from(u32::from_le_bytes(*head)).ok()?;
        let (record, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        Some(record)
    })
}

/// Whether a record is of this request, without reading more than its beginning: the id comes first, and `postcard`
/// writes an array as it is.
pub(crate) fn is_of(record: &[u8], id: RequestId) -> bool {
    record.starts_with(id.as_bytes())
}

/// Reads one record; `None` when it is damaged.
pub(crate) fn read(record: &[u8]) -> Option<Decision> {
    postcard::from_bytes(record).ok()
}

/// Appends a record that was written before.
pub(super) fn copy(bytes: &mut Vec<u8>, record: &[u8]) {
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(record);
}
