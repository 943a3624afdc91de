//! Messages as frames. Nothing is sent in pieces.

use super::Opcode;

/// Largest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL: usize = 125;

/// Appends one whole message to `out`. A client gives a `mask` of four random bytes, new for each frame.
pub fn frame(opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    const FINAL: u8 = 0x80;
    let masked = if mask.is_some() { 0x80 } else { 0 };
    out.reserve(payload.len() + 14);
    out.push(FINAL | opcode.bits());
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..=125), _) => out.push(masked | short),
        (_, Ok(medium)) => {
            out.push(masked | 126);
            out.extend(medium.to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            let long = u64::try_from(payload.len()).unwrap_or(u64::MAX);
            out.extend(long.to_be_bytes());
        }
    }
    let Some(mask) = mask else {
        out.extend_from_slice(payload);
        return;
    };
    out.extend(mask);
    let from = out.len();
    out.extend_from_slice(payload);
    apply_mask(out.get_mut(from..).unwrap_or_default(), mask);
}

/// Appends a close frame with a code and a reason, which is cut to what fits.
pub fn close_frame(code: u16, reason: &str, mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    let mut end = reason.len().min(MAX_CONTROL - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = Vec::with_capacity(end + 2);
    payload.extend(code.to_be_bytes());
    payload.extend(reason.as_bytes().iter().take(end));
    frame(Opcode::Close, &payload, mask, out);
}

/// Masks or unmasks in place; twice is as it was (RFC 6455 §5.3).
pub(super) fn apply_mask(bytes: &mut [u8], mask: [u8; 4]) {
    for (byte, key) in bytes.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}
