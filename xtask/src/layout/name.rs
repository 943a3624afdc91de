//! Names of functions without what changes with each compiler and each change of the code.

/// Longer names are cut: what follows tells instances of one generic function apart.
const LONGEST: usize = 160;

/// A symbol's name as a linker script finds it again: hashes become `*`.
pub(super) fn pattern(symbol: &str) -> String {
    let mut pattern = match symbol.strip_prefix("_R") {
        Some(_) => without_crate_hashes(symbol),
        None => without_hash(symbol),
    };
    if let Some((cut, _)) = pattern.char_indices().nth(LONGEST) {
        pattern.truncate(cut);
        pattern.push('*');
    }
    pattern
}

/// A legacy name ends with `17h`, sixteen hexadecimal digits and `E`, and perhaps what an optimiser adds.
fn without_hash(symbol: &str) -> String {
    let is_hash = |rest: &str| {
        rest.get(..16)
            .is_some_and(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
            && rest.get(16..17) == Some("E")
    };
    match symbol.rsplit_once("17h") {
        Some((before, rest)) if is_hash(rest) => format!("{before}17h*"),
        _ => symbol.to_owned(),
    }
}

/// A v0 name says each crate as `Cs`, its hash in base 62, and `_`.
fn without_crate_hashes(symbol: &str) -> String {
    let mut kept = String::with_capacity(symbol.len());
    let mut rest = symbol;
    while let Some((before, after)) = rest.split_once("Cs") {
        kept.push_str(before);
        kept.push_str("Cs");
        rest = match after.split_once('_') {
            Some((hash, behind)) if hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                kept.push_str("*_");
                behind
            }
            _ => after,
        };
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_left_out() {
        for (symbol, expected) in [
            (
                "_ZN4core3fmt5write17h0123456789abcdefE",
                "_ZN4core3fmt5write17h*",
            ),
            (
                "_ZN4core3fmt5write17h0123456789abcdefE.llvm.77",
                "_ZN4core3fmt5write17h*",
            ),
            ("_ZN4a17hello17h0123456789abcdefE", "_ZN4a17hello17h*"),
            (
                "_RNvNtCsgEmfK2I1SDS_4core3str4trim",
                "_RNvNtCs*_4core3str4trim",
            ),
            ("_RNvCsa1_3stdCsb2_4core", "_RNvCs*_3stdCs*_4core"),
            ("sqlite3_step", "sqlite3_step"),
        ] {
            assert_eq!(pattern(symbol), expected);
        }
        assert_eq!(pattern(&"x".repeat(500)), "x".repeat(160) + "*");
    }
}
