//! Anthropic's subscription windows: `anthropic-ratelimit-unified-<window>-{status,reset,utilization}`.
//!
//! Windows are found by their shape (`5h`, `7d`, `7d_sonnet`), since new ones appear without notice. They AND together.
//! A window named after a model binds that family. Grace and overage figures are no windows; an overage that is switched
//! off is shown as `rejected` on every answer and means nothing unless nothing else refused.

use super::fields::Fields;
use super::reset;
use portunus_core::pool::answer::{Family, WindowId, WindowReading, WindowScope, WindowStatus};
use portunus_core::time::Timestamp;

const PREFIX: &str = "anthropic-ratelimit-unified-";
/// Windows read from one answer at most.
const MOST_WINDOWS: usize = 16;
/// Suffixes of windows that are known to be a family's name.
const NAMED_FAMILIES: [&str; 5] = ["opus", "sonnet", "haiku", "fable", "mythos"];

/// What a refusal says of the subscription.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The windows shown.
    pub(super) windows: Vec<WindowReading>,
    /// The subscription as a whole says `rejected`.
    pub(super) rejected: bool,
    /// The window to blame when none says so of itself.
    pub(super) otherwise: Option<WindowId>,
    /// The reset of the whole, for a refusal in which no window states its own.
    pub(super) reset: Option<Timestamp>,
}

/// The windows of a success. Those that bind the asking family let it through, whatever they say of themselves: then
/// paid overage served it, and the window is shown as spent.
pub(super) fn accepted(family: &Family, now: Timestamp, headers: &Fields) -> Vec<WindowReading> {
    let mut windows = readings(family, now, headers);
    if windows.is_empty() {
        return windows;
    }
    let allowed = text(headers, "status").is_some_and(|status| status.starts_with("allowed"));
    windows.retain_mut(|window| {
        if window.id.scope != WindowScope::Key
            && window.id.scope != WindowScope::Family(family.clone())
        {
            return true;
        }
        match window.status {
            // A window of unknown binding that rejects, on an answer that came: it binds another family.
            WindowStatus::Rejected if window.id.scope != WindowScope::Key => return false,
            WindowStatus::Rejected => {
                window.status = WindowStatus::Unstated;
                window.utilization = Some(window.utilization.unwrap_or(1.0).max(1.0));
            }
            WindowStatus::Unstated if allowed => window.status = WindowStatus::Allowed,
            WindowStatus::Unstated | WindowStatus::Allowed => {}
        }
        true
    });
    windows
}

/// The windows of a 429.
pub(super) fn refused(family: &Family, now: Timestamp, headers: &Fields) -> Refusal {
    let windows = readings(family, now, headers);
    let rejected = text(headers, "status") == Some("rejected");
    let claim = text(headers, "representative-claim").and_then(claimed_window);
    let overage = text(headers, "overage-status") == Some("rejected");
    let aggregate = reset::header(now, headers, &format!("{PREFIX}reset"));
    let stands = |status| windows.iter().any(|window| window.status == status);
    let shown_allowed = |kind: &str| {
        windows
            .iter()
            .any(|window| &*window.id.kind == kind && window.status == WindowStatus::Allowed)
    };
    let dated = windows
        .iter()
        .any(|window| window.status == WindowStatus::Rejected && window.reset.is_some());
    let mut until = aggregate.filter(|_| rejected && !dated);
    let otherwise = match claim.filter(|kind| !shown_allowed(kind)) {
        _ if !rejected || stands(WindowStatus::Rejected) => None,
        Some(kind) => Some(window_id(family, kind)),
        None if overage => {
            let own = reset::header(now, headers, &format!("{PREFIX}overage-reset"));
            until = own.or(until);
            Some(WindowId {
                scope: WindowScope::Family(family.clone()),
                kind: "overage".into(),
            })
        }
        None => Some(WindowId {
            scope: WindowScope::Key,
            kind: "unified".into(),
        }),
    };
    Refusal {
        windows,
        rejected,
        otherwise,
        reset: until,
    }
}

fn readings(family: &Family, now: Timestamp, headers: &Fields) -> Vec<WindowReading> {
    let mut kinds: Vec<&str> = Vec::new();
    for name in headers.names() {
        let Some(kind) = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.rsplit_once('-'))
            .filter(|(kind, part)| is_window(kind) && is_part(part))
            .map(|(kind, _)| kind)
        else {
            continue;
        };
        if !kinds.contains(&kind) && kinds.len() < MOST_WINDOWS {
            kinds.push(kind);
        }
    }
    kinds
        .into_iter()
        .map(|kind| reading(family, now, headers, kind))
        .collect()
}

fn reading(family: &Family, now: Timestamp, headers: &Fields, kind: &str) -> WindowReading {
    WindowReading {
        id: window_id(family, kind),
        status: match text(headers, &format!("{kind}-status")) {
            Some("rejected") => WindowStatus::Rejected,
            Some(status) if status.starts_with("allowed") => WindowStatus::Allowed,
            _ => WindowStatus::Unstated,
        },
        utilization: text(headers, &format!("{kind}-utilization"))
            .and_then(|value| value.parse::<f64>().ok())
            .filter(|spent| spent.is_finite() && *spent >= 0.0),
        remaining: None,
        reset: reset::header(now, headers, &format!("{PREFIX}{kind}-reset")),
    }
}

/// `5h` and `7d` bind the key; `7d_sonnet` the family it names; any other suffix the family that asked.
fn window_id(family: &Family, kind: &str) -> WindowId {
    let scope = match kind.split_once('_') {
        None => WindowScope::Key,
        Some((_, name)) if NAMED_FAMILIES.contains(&name) => WindowScope::Family(Family::new(name)),
        Some(_) => WindowScope::Family(family.clone()),
    };
    WindowId {
        scope,
        kind: kind.into(),
    }
}

/// The window behind the long names of `representative-claim`.
fn claimed_window(claim: &str) -> Option<&'static str> {
    Some(match claim {
        "five_hour" => "5h",
        "seven_day" => "7d",
        "seven_day_opus" => "7d_opus",
        "seven_day_sonnet" => "7d_sonnet",
        "seven_day_overage_included" => "7d_oi",
        _ => return None,
    })
}

fn is_window(kind: &str) -> bool {
    kind.len() <= 32
        && kind.starts_with(|c: char| c.is_ascii_digit())
        && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_part(part: &str) -> bool {
    matches!(part, "status" | "reset" | "utilization")
}

fn text<'a>(headers: &'a Fields, name: &str) -> Option<&'a str> {
    headers.text(&format!("{PREFIX}{name}")).map(str::trim)
}
