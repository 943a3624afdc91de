//! Base62 (`0-9A-Za-z`), big-endian and of fixed width: the alphabet of tokens and ids.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The widest text that is ever written: 43 digits hold 32 bytes.
const WIDEST: usize = 43;
/// Five digits at a time fit a half-word, so that a number is divided as a whole and not digit by digit.
const GROUP: usize = 5;
const GROUP_BASE: u32 = 62 * 62 * 62 * 62 * 62;

/// Exactly as many digits as were asked for, on the stack.
#[derive(Clone, Copy, Debug)]
pub struct Digits {
    symbols: [u8; WIDEST],
    width: usize,
}

impl Digits {
    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let symbols = self.symbols.get(WIDEST - self.width..).unwrap_or_default();
        std::str::from_utf8(symbols).unwrap_or_default()
    }
}

impl std::fmt::Display for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The digits of the big-endian number `bytes`, at most 32 of them, without an allocation.
///
/// Width 22 holds 16 bytes, 43 holds 32, 6 holds 4; a narrower width keeps the low digits.
#[must_use]
pub fn digits(bytes: &[u8], width: usize) -> Digits {
    let mut limbs = [0u32; 8];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.rchunks(4)) {
        *limb = chunk
            .iter()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    }
    let width = width.min(WIDEST);
    let mut symbols = [b'0'; WIDEST];
    let wanted = symbols.get_mut(WIDEST - width..).unwrap_or_default();
    for group in wanted.rchunks_mut(GROUP) {
        let mut rest = divide(&mut limbs);
        for symbol in group.iter_mut().rev() {
            let index = usize::try_from(rest % 62).unwrap_or(0);
            *symbol = ALPHABET.get(index).copied().unwrap_or(b'0');
            rest /= 62;
        }
    }
    Digits { symbols, width }
}

/// Divides the number by [`GROUP_BASE`] in place and gives the rest.
fn divide(limbs: &mut [u32; 8]) -> u32 {
    let base = u64::from(GROUP_BASE);
    let mut rest = 0u64;
    for limb in limbs {
        let value = rest << 32 | u64::from(*limb);
        // The quotient fits: `rest` is below the base.
        *limb = u32::try_from(value / base).unwrap_or(u32::MAX);
        rest = value % base;
    }
    u32::try_from(rest).unwrap_or(u32::MAX)
}

/// Writes the big-endian number `bytes`, at most 32 of them, as exactly `width` base62 characters; see [`digits`].
#[must_use]
pub fn encode(bytes: &[u8], width: usize) -> String {
    digits(bytes, width).as_str().to_owned()
}

/// Reads a base62 number into `N` big-endian bytes, at most 32.
///
/// `None` when a character is not of the alphabet or the number does not fit.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut limbs = [0u32; 8];
    let (head, groups) = text.as_bytes().split_at_checked(text.len() % GROUP)?;
    for group in std::iter::once(head).chain(groups.chunks(GROUP)) {
        let mut carry = 0u64;
        let mut base = 1u64;
        for symbol in group {
            carry = carry * 62 + u64::from(value(*symbol)?);
            base *= 62;
        }
        for limb in limbs.iter_mut().rev() {
            let sum = u64::from(*limb) * base + carry;
            *limb = u32::try_from(sum & u64::from(u32::MAX)).ok()?;
            carry = sum >> 32;
        }
        if carry != 0 {
            return None;
        }
    }
    let mut whole = [0u8; 32];
    for (bytes, limb) in whole.chunks_mut(4).zip(limbs) {
        bytes.copy_from_slice(&limb.to_be_bytes());
    }
    let (above, number) = whole.split_at_checked(32usize.checked_sub(N)?)?;
    if above.iter().any(|byte| *byte != 0) {
        return None;
    }
    number.try_into().ok()
}

/// What a character counts, if it is of the alphabet.
const fn value(symbol: u8) -> Option<u8> {
    Some(match symbol {
        b'0'..=b'9' => symbol - b'0',
        b'A'..=b'Z' => symbol - b'A' + 10,
        b'a'..=b'z' => symbol - b'a' + 36,
        _ => return None,
    })
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
        assert_eq!(decode::<32>(&"z".repeat(43)), None);
        assert_eq!(decode::<32>(&"z".repeat(60)), None);
    }

    proptest::proptest! {
        #[test]
        fn sixteen_bytes_read_back(bytes: [u8; 16]) {
            let text = encode(&bytes, 22);
            proptest::prop_assert_eq!(decode::<16>(&text), Some(bytes));
            let number = u128::from_be_bytes(bytes);
            let last = usize::try_from(number % 62).unwrap();
            proptest::prop_assert_eq!(text.as_bytes()[21], ALPHABET[last]);
        }

        #[test]
        fn what_is_written_reads_back(bytes: [u8; 32]) {
            let text = encode(&bytes, 43);
            proptest::prop_assert_eq!(text.len(), 43);
            proptest::prop_assert_eq!(decode::<32>(&text), Some(bytes));
        }
    }
}
