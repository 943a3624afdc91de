//! Where JSON strings end. Sixty-four bytes are looked at together, once, for those that could matter.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, i8x64, u8x64};

/// Bytes looked at together; one bit each in a `u64`.
const BLOCK: usize = 64;

/// The strings of one body, to be asked for from its beginning to its end.
pub(super) struct Strings<'a, S> {
    simd: S,
    body: &'a [u8],
    /// Where the block begins that was looked at last.
    block: usize,
    /// Its quotes, backslashes and what must be escaped, and bytes beyond ASCII until the first of them has come.
    stops: u64,
    beyond_ascii: bool,
}

impl<'a, S: Simd> Strings<'a, S> {
    #[inline(always)]
    pub(super) fn new(simd: S, body: &'a [u8]) -> Self {
        Self {
            simd,
            body,
            block: 0_usize.wrapping_sub(BLOCK),
            stops: 0,
            beyond_ascii: false,
        }
    }

    /// Whether some string had bytes beyond ASCII. Whether they are UTF-8 was not looked at.
    #[inline(always)]
    pub(super) const fn beyond_ascii(&self) -> bool {
        self.beyond_ascii
    }

    /// The index behind the quote that ends the string whose first quote is at `start`. `None` when it does not end, when
    /// it has what must be escaped, or an escape that is none.
    #[inline(always)]
    pub(super) fn end(&mut self, start: usize) -> Option<usize> {
        // Between strings there is only white space to pass over.
        while self.next_stop()? != start {}
        loop {
            let at = self.next_stop()?;
            // No string is the last of an object's bytes.
            let [byte, behind] = *self.body.get(at..)?.first_chunk()?;
            match byte {
                b'"' => return Some(at + 1),
                b'\\' if matches!(behind, b'"' | b'\\') => {
                    self.next_stop();
                }
                b'\\' => is_escape(self.body.get(at + 1..)?).then_some(())?,
                0x80.. => {
                    self.beyond_ascii = true;
                    self.look(self.block)?;
                    self.stops &= u64::MAX << (at - self.block);
                }
                _ => return None,
            }
        }
    }

    /// Takes the next of the bytes that matter.
    #[inline(always)]
    fn next_stop(&mut self) -> Option<usize> {
        while self.stops == 0 {
            self.look(self.block.wrapping_add(BLOCK))?;
        }
        let place = self.stops.trailing_zeros() as usize;
        self.stops &= self.stops - 1;
        Some(self.block + place)
    }

    #[inline(always)]
    fn look(&mut self, block: usize) -> Option<()> {
        let rest = self.body.get(block..)?;
        let padded;
        let bytes = if let Some(bytes) = rest.first_chunk() {
            bytes
        } else {
            padded = padded_with_zeros(rest);
            &padded
        };
        self.block = block;
        self.stops = stops(self.simd, bytes, !self.beyond_ascii);
        Some(())
    }
}

/// The last bytes of a body; a zero ends no string and may not be in one.
#[cold]
fn padded_with_zeros(rest: &[u8]) -> [u8; BLOCK] {
    let mut padded = [0; BLOCK];
    for (to, from) in padded.iter_mut().zip(rest) {
        *to = *from;
    }
    padded
}

#[inline(always)]
fn stops<S: Simd>(simd: S, block: &[u8; BLOCK], tell_beyond_ascii: bool) -> u64 {
    let bytes = u8x64::from_slice(simd, block);
    // The quote and the blank change places, so that the quote stands next to the bytes that must be escaped.
    let turned = bytes ^ u8x64::splat(simd, b'"' ^ b' ');
    let low = if tell_beyond_ascii {
        // As signed numbers those beyond ASCII are low too.
        let signed = turned.bitcast::<i8x64<S>>();
        signed.simd_le(i8x64::splat(simd, 0x20))
    } else {
        turned.simd_le(u8x64::splat(simd, 0x20))
    };
    let backslash = bytes.simd_eq(u8x64::splat(simd, b'\\'));
    (low | backslash).to_bitmask()
}

/// Whether an escape begins so behind its backslash.
#[inline(always)]
fn is_escape(text: &[u8]) -> bool {
    let first = text.first().copied().unwrap_or_default();
    SHORT_ESCAPES.get(usize::from(first)) == Some(&true) || is_code(text)
}

#[cold]
fn is_code(text: &[u8]) -> bool {
    let digits = text.get(..5).and_then(|text| text.strip_prefix(b"u"));
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// The bytes that are a whole escape behind a backslash. A table, since the compiler makes jumps of a list.
#[expect(clippy::indexing_slicing, reason = "worked out by the compiler")]
const SHORT_ESCAPES: [bool; 256] = {
    let bytes = b"\"\\/bfnrt";
    let mut table = [false; 256];
    let mut place = 0;
    while place < bytes.len() {
        table[bytes[place] as usize] = true;
        place += 1;
    }
    table
};
