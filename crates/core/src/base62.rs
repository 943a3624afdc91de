//! Base62 (`0-9A-Za-z`), big-endian and of fixed width: the alphabet of tokens and ids.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Writes the big-endian number `bytes` as exactly `width` base62 characters.
///
/// Width 22 holds 16 bytes, 43 holds 32, 6 holds 4; a narrower width keeps the low digits.
#[must_use]
pub fn encode(bytes: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = Vec::with_capacity(width);
    for _ in 0..width {
        let mut rest = 0u32;
        for byte in &mut number {
            let value = (rest << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        let index = usize::try_from(rest).unwrap_or(0);
        digits.push(ALPHABET.get(index).copied().unwrap_or(b'0'));
    }
    digits.iter().rev().map(|&b| char::from(b)).collect()
}

/// Reads a base62 number into `N` big-endian bytes.
///
/// `None` when a character is not of the alphabet or the number does not fit.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut number = [0u8; N];
    for symbol in text.bytes() {
        let mut carry = u32::from(match symbol {
            b'0'..=b'9' => symbol - b'0',
            b'A'..=b'Z' => symbol - b'A' + 10,
            b'a'..=b'z' => symbol - b'a' + 36,
            _ => return None,
        });
        for byte in number.iter_mut().rev() {
            let value = u32::from(*byte) * 62 + carry;
            *byte = u8::try_from(value & 0xff).ok()?;
            carry = value >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_are_written_with_leading_zeros() {
        assert_eq!(encode(&[0, 0, 0, 61], 6), "00000z");
        assert_eq!(encode(&[0, 0, 0, 62], 6), "000010");
        assert_eq!(encode(&[0xff; 4], 6), "4gfFC3");
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        assert_eq!(decode::<4>("zzzzzz"), None);
        assert_eq!(decode::<4>("4gfFC3"), Some([0xff; 4]));
        assert_eq!(decode::<4>("4gfFC4"), None);
        assert_eq!(decode::<4>("00-000"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_back(bytes: [u8; 32]) {
            let text = encode(&bytes, 43);
            proptest::prop_assert_eq!(text.len(), 43);
            proptest::prop_assert_eq!(decode::<32>(&text), Some(bytes));
        }
    }
}
