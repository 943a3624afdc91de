//! A gzip bomb, built by hand: a few bytes that unpack to as many zeros as wanted.
//!
//! Written with one fixed-Huffman block of RFC 1951: a literal zero, then copies of 258 bytes at distance 1,
//! each 13 bits long. No compressor is needed, and the result is a valid gzip member (RFC 1952).

/// A gzip member that unpacks to at least `unpacked` zero bytes, about 158 times its own size.
#[must_use]
pub fn bomb(unpacked: u64) -> Vec<u8> {
    let copies = unpacked.div_ceil(258);
    let size = copies.saturating_mul(258).saturating_add(1);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut bits = BitWriter::default();
    bits.value(0b1, 1); // the last block
    bits.value(0b01, 2); // fixed Huffman codes
    bits.code(0b0011_0000, 8); // literal 0
    for _ in 0..copies {
        bits.code(0b1100_0101, 8); // length 258
        bits.code(0, 5); // distance 1
    }
    bits.code(0, 7); // end of block
    out.extend(bits.finish());
    out.extend(crc_of_zeros(size).to_le_bytes());
    out.extend(u32::try_from(size & 0xFFFF_FFFF).unwrap_or(0).to_le_bytes());
    out
}

fn crc_of_zeros(mut count: u64) -> u32 {
    let zeros = [0_u8; 8192];
    let mut crc = crc32fast::Hasher::new();
    while count > 0 {
        let take = usize::try_from(count)
            .unwrap_or(usize::MAX)
            .min(zeros.len());
        crc.update(zeros.get(..take).unwrap_or_default());
        count = count.saturating_sub(u64::try_from(take).unwrap_or(count));
    }
    crc.finalize()
}

/// Bits in the order of RFC 1951, section 3.1.1.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    pending: u8,
    filled: u8,
}

impl BitWriter {
    /// Least significant bit first.
    fn value(&mut self, value: u16, width: u8) {
        for bit in 0..width {
            self.bit((value >> bit) & 1 == 1);
        }
    }

    /// A Huffman code: most significant bit first.
    fn code(&mut self, code: u16, width: u8) {
        for bit in (0..width).rev() {
            self.bit((code >> bit) & 1 == 1);
        }
    }

    fn bit(&mut self, set: bool) {
        self.pending |= u8::from(set) << self.filled;
        self.filled += 1;
        if self.filled == 8 {
            self.bytes.push(self.pending);
            (self.pending, self.filled) = (0, 0);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.bytes.push(self.pending);
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_bomb_is_small() {
        let bomb = super::bomb(10 << 20);
        assert!(bomb.len() < 80_000, "{}", bomb.len());
        assert_eq!(bomb.get(..2), Some(&[0x1f, 0x8b][..]));
    }
}
