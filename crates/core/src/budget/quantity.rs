//! What can be budgeted: requests, tokens and money within a window, and requests that run at once.

use crate::usage::Money;
use std::fmt;

/// The time within which a quantity is counted; by the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// From one full minute to the next.
    Minute,
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the first of the next.
    Month,
    /// For ever.
    Total,
}

impl Window {
    /// Every window, shortest first.
    pub const ALL: [Self; 4] = [Self::Minute, Self::Day, Self::Month, Self::Total];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Requests that were sent upstream; several attempts of one request are one.
    Requests,
    /// Tokens of every kind, each counted once.
    Tokens,
    /// Billionths of a US dollar.
    Money,
    /// Requests that run at the same time.
    Concurrency,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 4] = [Self::Requests, Self::Tokens, Self::Money, Self::Concurrency];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Money => "money",
            Self::Concurrency => "concurrency",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// An amount of it in words: `1 request`, `2000 tokens`, `$5.00`, `8 requests at once`.
    #[must_use]
    pub fn amount(self, amount: u64) -> String {
        let counted = |one: &str, many: &str| match amount {
            1 => format!("1 {one}"),
            _ => format!("{amount} {many}"),
        };
        match self {
            Self::Requests => counted("request", "requests"),
            Self::Tokens => counted("token", "tokens"),
            Self::Money => Money::from_nanos(amount).to_string(),
            Self::Concurrency => counted("request at once", "requests at once"),
        }
    }
}

/// A measure and a window that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowMissing {
    /// Requests, tokens and money are counted within a time.
    #[error("{} are counted per minute, day, month or in total: name one", .0.as_str())]
    Needed(Measure),
    /// What runs at once is not counted over time.
    #[error("concurrency is how many requests run at once; it has no minute, day, month or total")]
    NotPossible,
}

/// What a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// Requests within a window.
    Requests(Window),
    /// Tokens within a window.
    Tokens(Window),
    /// Billionths of a US dollar within a window.
    Money(Window),
    /// Requests that run at the same time.
    Concurrency,
}

impl Quantity {
    /// From a measure and the window that it needs, or may not have.
    pub const fn new(measure: Measure, window: Option<Window>) -> Result<Self, WindowMissing> {
        match (measure, window) {
            (Measure::Requests, Some(window)) => Ok(Self::Requests(window)),
            (Measure::Tokens, Some(window)) => Ok(Self::Tokens(window)),
            (Measure::Money, Some(window)) => Ok(Self::Money(window)),
            (Measure::Concurrency, None) => Ok(Self::Concurrency),
            (Measure::Concurrency, Some(_)) => Err(WindowMissing::NotPossible),
            (needs, None) => Err(WindowMissing::Needed(needs)),
        }
    }

    /// What is counted.
    #[must_use]
    pub const fn measure(self) -> Measure {
        match self {
            Self::Requests(_) => Measure::Requests,
            Self::Tokens(_) => Measure::Tokens,
            Self::Money(_) => Measure::Money,
            Self::Concurrency => Measure::Concurrency,
        }
    }

    /// Within which time; `None` for what runs at once.
    #[must_use]
    pub const fn window(self) -> Option<Window> {
        match self {
            Self::Requests(window) | Self::Tokens(window) | Self::Money(window) => Some(window),
            Self::Concurrency => None,
        }
    }

    /// One bit of sixteen, a different one for every quantity.
    pub(super) const fn bit(self) -> u16 {
        let (row, window) = match self {
            Self::Requests(window) => (0, window),
            Self::Tokens(window) => (4, window),
            Self::Money(window) => (8, window),
            Self::Concurrency => (12, Window::Minute),
        };
        let column = match window {
            Window::Minute => 0,
            Window::Day => 1,
            Window::Month => 2,
            Window::Total => 3,
        };
        1 << (row + column)
    }

    /// A limit of it in words: `100 requests a day`, `$5.00 in total`, `8 requests at once`.
    #[must_use]
    pub fn limit(self, limit: u64) -> String {
        let amount = self.measure().amount(limit);
        match self.window() {
            Some(Window::Total) => format!("{amount} in total"),
            Some(window) => format!("{amount} a {}", window.as_str()),
            None => amount,
        }
    }
}

impl fmt::Display for Quantity {
    /// `requests a day`, `money in total`, `concurrency`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measure = self.measure().as_str();
        match self.window() {
            Some(Window::Total) => write!(f, "{measure} in total"),
            Some(window) => write!(f, "{measure} a {}", window.as_str()),
            None => f.write_str(measure),
        }
    }
}

/// What one request may need, or has used. That it is one request is understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Tokens of every kind.
    pub tokens: u64,
    /// What they cost; `None` when the model has no price.
    pub money: Option<Money>,
}

impl Amounts {
    /// How much of a quantity it is; `None` for money without a price.
    #[must_use]
    pub const fn of(&self, quantity: Quantity) -> Option<u64> {
        match quantity {
            Quantity::Requests(_) | Quantity::Concurrency => Some(1),
            Quantity::Tokens(_) => Some(self.tokens),
            Quantity::Money(_) => match self.money {
                Some(money) => Some(money.as_nanos()),
                None => None,
            },
        }
    }
}
