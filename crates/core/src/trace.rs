//! Where a request stands in its client's trace (W3C Trace Context, level 1): the `traceparent` header, read strictly.

/// What a client says of its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace; never all zeros.
    pub trace: [u8; 16],
    /// The client's span, which is the parent of ours; never all zeros.
    pub parent: [u8; 8],
    /// Whether the client records its trace.
    pub sampling: Sampling,
}

/// Whether a trace is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// It is.
    Recorded,
    /// It is not, and neither should be our part.
    Skipped,
}

impl TraceContext {
    /// Reads the value of a `traceparent` header; `None` when it is not valid, and then the trace begins with us.
    ///
    /// Later versions may have more behind the flags, which this one does not look at (§3.2.2).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let [version] = hex::<1>(parts.next()?)?;
        let trace = hex::<16>(parts.next()?)?;
        let parent = hex::<8>(parts.next()?)?;
        let [flags] = hex::<1>(parts.next()?)?;
        let has_more = parts.next().is_some();
        let is_known = version != 0xff && !(version == 0 && has_more);
        if !is_known || trace == [0; 16] || parent == [0; 8] {
            return None;
        }
        Some(Self {
            trace,
            parent,
            sampling: if flags & 1 == 1 {
                Sampling::Recorded
            } else {
                Sampling::Skipped
            },
        })
    }
}

/// Exactly `N` bytes in lower-case hexadecimal digits.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_valid_header_is_read() {
        let read = TraceContext::parse(&format!("00-{TRACE}-{SPAN}-01")).unwrap();
        assert_eq!(read.trace[..2], [0x4b, 0xf9]);
        assert_eq!(read.parent, [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
        assert_eq!(read.sampling, Sampling::Recorded);
        let skipped = TraceContext::parse(&format!("00-{TRACE}-{SPAN}-02")).unwrap();
        assert_eq!(skipped.sampling, Sampling::Skipped);
        let later = TraceContext::parse(&format!("01-{TRACE}-{SPAN}-01-more"));
        assert!(later.is_some());
    }

    #[test]
    fn an_invalid_header_counts_as_none() {
        let zeros = "0".repeat(32);
        for text in [
            "",
            "00",
            &format!("00-{TRACE}-{SPAN}"),
            &format!("00-{TRACE}-{SPAN}-01-more"),
            &format!("ff-{TRACE}-{SPAN}-01"),
            &format!("00-{zeros}-{SPAN}-01"),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            &format!("00-{TRACE}0-{SPAN}-01"),
            &format!("00-{TRACE}-{SPAN}-0"),
            "00-\u{e4}-x-01",
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn hostile_headers_are_refused_quietly(text in "\\PC{0,80}") {
            let _ = TraceContext::parse(&text);
        }
    }
}
