//! The subscription windows of Codex: `x-codex-{primary,secondary}-*`, and the error `usage_limit_reached`.
//!
//! Which slot a window stands in says nothing; its length in minutes names it.

use super::fields::Fields;
use super::reset;
use super::wording::Wording;
use portunus_core::pool::answer::{
    Class, Family, Observation, WindowId, WindowReading, WindowScope, WindowStatus,
};
use portunus_core::time::Timestamp;

/// Whether an answer shows any of these windows.
pub(super) fn speaks(headers: &Fields) -> bool {
    headers.names().any(|name| name.starts_with("x-codex-"))
}

/// The windows that an answer shows; they bind the key. One that is used up is not yet called rejected.
pub(super) fn windows(now: Timestamp, headers: &Fields) -> Vec<WindowReading> {
    ["primary", "secondary"]
        .iter()
        .filter_map(|slot| window(now, headers, slot))
        .collect()
}

fn window(now: Timestamp, headers: &Fields, slot: &str) -> Option<WindowReading> {
    let text = |part: &str| {
        let name = format!("x-codex-{slot}-{part}");
        headers.text(&name).map(str::trim)
    };
    let spent = text("used-percent")?
        .parse::<f64>()
        .ok()
        .filter(|percent| percent.is_finite() && *percent >= 0.0)?
        / 100.0;
    let minutes = text("window-minutes")
        .and_then(|minutes| minutes.parse::<u32>().ok())
        .filter(|minutes| *minutes > 0)?;
    let reset = text("reset-at").and_then(|at| reset::read(now, at));
    Some(WindowReading {
        id: WindowId {
            scope: WindowScope::Key,
            kind: kind(minutes).into(),
        },
        status: if spent < 1.0 {
            WindowStatus::Allowed
        } else {
            WindowStatus::Unstated
        },
        utilization: Some(spent),
        remaining: None,
        reset: reset
            .or_else(|| text("reset-after-seconds").and_then(|pause| reset::read(now, pause))),
    })
}

/// `5h` for 300 minutes, `7d` for 10080.
fn kind(minutes: u32) -> String {
    match minutes {
        days if days % 1440 == 0 => format!("{}d", days / 1440),
        hours if hours % 60 == 0 => format!("{}h", hours / 60),
        _ => format!("{minutes}m"),
    }
}

/// Reads the 429 of a plan that is used up: the key rests until every used-up window is over.
pub(super) fn limited(
    family: &Family,
    now: Timestamp,
    headers: &Fields,
    wording: &Wording,
) -> Observation {
    let number = |name: &str| match wording.error.get(name)? {
        serde_json::Value::String(text) => reset::read(now, text),
        number => reset::read(now, &number.to_string()),
    };
    let stated = number("resets_at")
        .or_else(|| number("resets_in_seconds"))
        .or_else(|| reset::retry_after(now, headers));
    let mut windows = windows(now, headers);
    for window in &mut windows {
        if window.status == WindowStatus::Unstated {
            window.status = WindowStatus::Rejected;
        }
    }
    let otherwise = WindowId {
        scope: WindowScope::Key,
        kind: "usage".into(),
    };
    reset::settle(family, &mut windows, stated, otherwise);
    Observation {
        class: Class::Quota,
        windows,
    }
}
