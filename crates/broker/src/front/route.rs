//! Which paths the child may ask for, and where at the plane they lead.

use crate::forward::Door;
use http::Uri;

/// What is behind a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The plane answers, under this path and query.
    Plane {
        /// Which half of it.
        door: Door,
        /// Path and query there.
        target: String,
    },
    /// The plane could answer, but with credentials, or of what the broker does itself.
    Kept,
    /// Nothing.
    None,
}

/// The broker's own names for what every agent has.
const NAMES: [(&str, &str); 3] = [
    ("/portunus/inbox", "/api/v1/inbox"),
    ("/portunus/inbox/ack", "/api/v1/inbox/ack"),
    ("/portunus/whoami", "/api/v1/whoami"),
];

/// Below these nothing is forwarded: their answers hold access tokens, and those stay with the broker.
const KEPT: [&str; 3] = ["/api/v1/token", "/api/v1/heartbeat", "/api/v1/push"];

impl Route {
    /// Reads a path. One that could be read in two ways (`..`, `//`, `%2e`) leads nowhere.
    pub(super) fn of(uri: &Uri) -> Self {
        let path = uri.path();
        let named = NAMES.iter().find(|(name, _)| *name == path);
        let path = named.map_or(path, |(_, at_plane)| at_plane);
        if is_ambiguous(path) {
            return Self::None;
        }
        let below = |root: &str| {
            path.strip_prefix(root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let door = if below("/v1") {
            Door::Models
        } else if KEPT.into_iter().any(below) {
            return Self::Kept;
        } else if below("/api") {
            Door::Control
        } else {
            return Self::None;
        };
        let target = match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        Self::Plane { door, target }
    }
}

fn is_ambiguous(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    path.contains(['%', '\\', ';']) && !is_plain_escape(path)
        || segments.any(|segment| matches!(segment, "." | ".."))
        || path.contains("//")
}

/// Whether every escape stands for something that is no part of a path's structure.
fn is_plain_escape(path: &str) -> bool {
    !path.contains(['\\', ';'])
        && path.split('%').skip(1).all(|after| {
            let digits = after.get(..2).unwrap_or_default();
            let byte = u8::from_str_radix(digits, 16);
            byte.is_ok_and(|byte| !byte.is_ascii_alphanumeric() && !b"./\\%;-_".contains(&byte))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(target: &str) -> Route {
        Route::of(&target.parse().unwrap())
    }

    fn plane(door: Door, target: &str) -> Route {
        Route::Plane {
            door,
            target: target.to_owned(),
        }
    }

    #[test]
    fn models_and_the_control_api_are_the_planes_and_the_inbox_has_a_name_of_its_own() {
        for (path, route) in [
            (
                "/v1/messages?beta=true",
                plane(Door::Models, "/v1/messages?beta=true"),
            ),
            ("/v1", plane(Door::Models, "/v1")),
            ("/api/v1/boards", plane(Door::Control, "/api/v1/boards")),
            (
                "/portunus/inbox?wait_ms=5",
                plane(Door::Control, "/api/v1/inbox?wait_ms=5"),
            ),
            (
                "/portunus/inbox/ack",
                plane(Door::Control, "/api/v1/inbox/ack"),
            ),
            ("/", Route::None),
            ("/v11", Route::None),
            ("/metrics", Route::None),
            ("/portunus", Route::None),
        ] {
            assert_eq!(of(path), route, "{path}");
        }
    }

    #[test]
    fn p11_what_answers_with_an_access_token_is_not_forwarded_however_it_is_written() {
        for path in [
            "/api/v1/token",
            "/api/v1/token/revoke",
            "/api/v1/heartbeat",
            "/api/v1/push/events",
            "/api/v1/token?a=b",
        ] {
            assert_eq!(of(path), Route::Kept, "{path}");
        }
        for path in [
            "/api/v1/%74oken",
            "/api/v1/x/../token",
            "/api//v1/token",
            "/api/v1/./token",
            "/api/v1/%2e/token",
            "/api/v1%2ftoken",
            "/api/v1/tok%65n",
            "/v1/../api/v1/token",
            "/api/v1/token;a",
        ] {
            assert_eq!(of(path), Route::None, "{path}");
        }
        assert_eq!(
            of("/api/v1/boards/a%20b"),
            plane(Door::Control, "/api/v1/boards/a%20b")
        );
    }
}
