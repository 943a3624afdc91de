//! Amounts as people type them: counts such as `500k` and `2M`, and money such as `5.50` or `$5`.

use std::fmt;

/// The highest amount that a plane keeps.
const HIGHEST: u64 = (1 << 53) - 1;
/// Billionths of a US dollar in one.
const NANOS: u64 = 1_000_000_000;

/// From the largest down; a letter stands for a factor.
const FACTORS: [(char, u64); 3] = [('B', 1_000_000_000), ('M', 1_000_000), ('k', 1_000)];

/// A number of requests or tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u64);

/// Money in billionths of a US dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dollars {
    /// The amount.
    pub(crate) nanos: u64,
}

/// The text is no amount that can be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AmountError {
    /// It is no count.
    #[error("write a whole number, such as 1000, 500k, 1.5M or 2B")]
    NoCount,
    /// It is no money.
    #[error("write US dollars, such as 5, 5.50, $0.05 or 2k")]
    NoMoney,
    /// It is less than a whole one, or than a billionth of a dollar.
    #[error("is too fine: {0}")]
    TooFine(&'static str),
    /// It is more than can be kept.
    #[error("is too much: at most {0}")]
    TooMuch(String),
}

/// What went wrong with digits.
enum Unread {
    Unreadable,
    TooFine,
    TooMuch,
}

/// Reads `1_000`, `1.5M` or `0.05` in units of which `one` make one; without floating point, so that nothing is
/// rounded.
fn read(text: &str, one: u64) -> Result<u64, Unread> {
    let suffix = text.chars().next_back();
    let known = |(letter, _): &&(char, u64)| suffix.is_some_and(|c| c.eq_ignore_ascii_case(letter));
    let (digits, factor) = match FACTORS.iter().find(known) {
        Some((_, factor)) => (text.get(..text.len() - 1).unwrap_or_default(), *factor),
        None => (text, 1),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |digits: &str| {
        let edges = [digits.chars().next(), digits.chars().next_back()];
        let at_edges = edges.iter().all(|c| c.is_some_and(|c| c.is_ascii_digit()));
        at_edges && digits.chars().all(|c| c.is_ascii_digit() || c == '_')
    };
    if !plain(whole) || !plain(part) {
        return Err(Unread::Unreadable);
    }
    let unit = u128::from(one) * u128::from(factor);
    let whole = whole.replace('_', "");
    let whole: u128 = whole.parse().map_err(|_| Unread::TooMuch)?;
    let part = part.replace('_', "");
    let part = part.trim_end_matches('0');
    let mut amount = whole.saturating_mul(unit);
    let mut place = unit;
    for digit in part.chars() {
        if place % 10 != 0 {
            return Err(Unread::TooFine);
        }
        place /= 10;
        amount = amount.saturating_add(u128::from(digit.to_digit(10).unwrap_or(0)) * place);
    }
    match u64::try_from(amount) {
        Ok(amount) if amount <= HIGHEST => Ok(amount),
        _ => Err(Unread::TooMuch),
    }
}

impl std::str::FromStr for Count {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        read(text, 1).map(Self).map_err(|error| match error {
            Unread::Unreadable => AmountError::NoCount,
            Unread::TooFine => AmountError::TooFine("there are no parts of one"),
            Unread::TooMuch => AmountError::TooMuch(HIGHEST.to_string()),
        })
    }
}

impl std::str::FromStr for Dollars {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let digits = text.strip_prefix('$').unwrap_or(text);
        let read = read(digits, NANOS).map(|nanos| Self { nanos });
        read.map_err(|error| match error {
            Unread::Unreadable => AmountError::NoMoney,
            Unread::TooFine => AmountError::TooFine("nine digits after the point at most"),
            Unread::TooMuch => AmountError::TooMuch(format!("${}", HIGHEST / NANOS)),
        })
    }
}

impl fmt::Display for Count {
    /// As short as it is exact, from ten thousand on: `500k`, `2M`, `12345`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, factor): &&(char, u64)| self.0 >= 10_000 && self.0.is_multiple_of(*factor);
        match FACTORS.iter().find(fits) {
            Some((letter, factor)) => write!(f, "{}{letter}", self.0 / factor),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Display for Dollars {
    /// With cents, and with whatever is finer: `$5.00`, `$0.0005`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.nanos / NANOS, format!("{:09}", self.nanos % NANOS));
        let (cents, finer) = part.split_at_checked(2).unwrap_or((&part, ""));
        write!(f, "${whole}.{cents}{}", finer.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_exactly_or_not_at_all() {
        let count = |text: &str| text.parse::<Count>().map(|count| count.0);
        for (text, expected) in [
            ("0", 0),
            ("1000", 1_000),
            ("1_000", 1_000),
            ("500k", 500_000),
            ("500K", 500_000),
            ("2M", 2_000_000),
            ("1.5m", 1_500_000),
            ("1.234567M", 1_234_567),
            ("2B", 2_000_000_000),
            ("9007199254740991", HIGHEST),
        ] {
            assert_eq!(count(text), Ok(expected), "{text}");
        }
        for nonsense in [
            "", "k", "-1", "+1", "1 000", "1,000", "1e6", ".5k", "5.", "1..2", "_1", "1_", "x",
            "∞", "2Mk", "$5",
        ] {
            assert_eq!(count(nonsense), Err(AmountError::NoCount), "{nonsense:?}");
        }
        for fine in ["1.5", "1.2345k", "0.0000001M"] {
            assert!(
                matches!(count(fine), Err(AmountError::TooFine(_))),
                "{fine}"
            );
        }
        for much in [
            "9007199254740992",
            "99999999999999999999999999999999999999999",
            "9999999999B",
        ] {
            assert!(
                matches!(count(much), Err(AmountError::TooMuch(_))),
                "{much}"
            );
        }
    }

    #[test]
    fn money_is_read_exactly_or_not_at_all() {
        let nanos = |text: &str| text.parse::<Dollars>().map(|money| money.nanos);
        for (text, expected) in [
            ("5", 5_000_000_000),
            ("$5", 5_000_000_000),
            ("5.50", 5_500_000_000),
            ("$0.000000001", 1),
            ("2k", 2_000_000_000_000),
        ] {
            assert_eq!(nanos(text), Ok(expected), "{text}");
        }
        for nonsense in ["", "$", "5$", "5 USD", "five", "-5", "€5", "5,50"] {
            assert_eq!(nanos(nonsense), Err(AmountError::NoMoney), "{nonsense:?}");
        }
        assert!(matches!(
            nanos("0.0000000001"),
            Err(AmountError::TooFine(_))
        ));
        let much = nanos("10M").unwrap_err();
        assert_eq!(much.to_string(), "is too much: at most $9007199");
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same_amount() {
        for number in [
            0,
            9_999,
            10_000,
            12_345,
            500_000,
            2_000_000,
            3_000_000_000,
            HIGHEST,
        ] {
            assert_eq!(Count(number).to_string().parse(), Ok(Count(number)));
            let money = Dollars { nanos: number };
            assert_eq!(money.to_string().parse(), Ok(money));
        }
        assert_eq!(Count(2_000_000).to_string(), "2M");
        assert_eq!(Count(9_999).to_string(), "9999");
        let shown =
            [5_000_000_000, 5_500_000_000, 500_000].map(|nanos| Dollars { nanos }.to_string());
        assert_eq!(shown.join(" "), "$5.00 $5.50 $0.0005");
    }
}
