//! The allowlist of the model door: which method and path is which endpoint, and whose protocol it speaks.
//!
//! Whatever is not named here does not exist for an agent: stored objects, files, batches, organizations.

use http::{HeaderMap, Method, header};
use portunus_core::provider_key::Protocol;

/// One endpoint that the door serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /v1/messages`
    Messages,
    /// `POST /v1/messages/count_tokens`
    CountTokens,
    /// `GET /v1/models`, of either protocol.
    Models,
    /// `GET /v1/models/{id}`, of either protocol.
    ModelById,
    /// `POST /v1/chat/completions`
    ChatCompletions,
    /// `POST /v1/responses`
    Responses,
    /// `POST /v1/responses/input_tokens`
    ResponsesInputTokens,
    /// `POST /v1/responses/compact`
    ResponsesCompact,
    /// `POST /v1/embeddings`
    Embeddings,
}

/// Where a request goes, or why it goes nowhere; the protocol is the one that its error speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// An endpoint of the door.
    Serve {
        /// Which one.
        endpoint: Endpoint,
        /// Which pool serves it.
        protocol: Protocol,
    },
    /// A WebSocket on `/v1/responses`: 426 makes Codex fall back to `POST` at once, any other refusal ends its run.
    DeclineUpgrade,
    /// The path exists with another method: 405.
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: &'static str,
        /// What the client speaks.
        protocol: Protocol,
    },
    /// Not on the allowlist: 404.
    NotAllowed {
        /// What the client speaks.
        protocol: Protocol,
    },
}

impl Endpoint {
    /// Finds the endpoint of a request. `path` comes without its query, which never matters here.
    #[must_use]
    pub fn match_(method: &Method, path: &str, headers: &HeaderMap) -> Route {
        let protocol = spoken(path, headers);
        let Some((endpoint, expected)) = Self::at(path) else {
            return Route::NotAllowed { protocol };
        };
        if endpoint == Self::Responses && asks_for_websocket(method, headers) {
            return Route::DeclineUpgrade;
        }
        if *method != expected {
            return Route::MethodNotAllowed {
                allow: if expected == Method::GET {
                    "GET"
                } else {
                    "POST"
                },
                protocol,
            };
        }
        Route::Serve { endpoint, protocol }
    }

    fn at(path: &str) -> Option<(Self, Method)> {
        Some(match path {
            "/v1/messages" => (Self::Messages, Method::POST),
            "/v1/messages/count_tokens" => (Self::CountTokens, Method::POST),
            "/v1/models" => (Self::Models, Method::GET),
            "/v1/chat/completions" => (Self::ChatCompletions, Method::POST),
            "/v1/responses" => (Self::Responses, Method::POST),
            "/v1/responses/input_tokens" => (Self::ResponsesInputTokens, Method::POST),
            "/v1/responses/compact" => (Self::ResponsesCompact, Method::POST),
            "/v1/embeddings" => (Self::Embeddings, Method::POST),
            _ if path.strip_prefix("/v1/models/").is_some_and(is_model_id) => {
                (Self::ModelById, Method::GET)
            }
            _ => return None,
        })
    }

    /// Whether a success of this endpoint may be a stream of server-sent events.
    #[must_use]
    pub const fn may_stream(self) -> bool {
        matches!(
            self,
            Self::Messages | Self::ChatCompletions | Self::Responses
        )
    }

    /// Whether a request of this endpoint has a body.
    #[must_use]
    pub const fn has_body(self) -> bool {
        !matches!(self, Self::Models | Self::ModelById)
    }

    /// The stable name, for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::CountTokens => "count_tokens",
            Self::Models => "models",
            Self::ModelById => "model",
            Self::ChatCompletions => "chat_completions",
            Self::Responses => "responses",
            Self::ResponsesInputTokens => "responses_input_tokens",
            Self::ResponsesCompact => "responses_compact",
            Self::Embeddings => "embeddings",
        }
    }
}

/// The protocol that a client speaks, also on paths that do not exist: Anthropic on messages paths or with
/// `anthropic-version`, else `OpenAI`. The paths of one protocol alone are decided by the path.
fn spoken(path: &str, headers: &HeaderMap) -> Protocol {
    let under = |root: &str| {
        path.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if under("/v1/messages") {
        return Protocol::Anthropic;
    }
    if under("/v1/chat") || under("/v1/responses") || under("/v1/embeddings") {
        return Protocol::OpenAi;
    }
    if headers.contains_key("anthropic-version") {
        Protocol::Anthropic
    } else {
        Protocol::OpenAi
    }
}

/// One path segment that an upstream will not read as two: no slash, no dot segment, also not when encoded.
fn is_model_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:@~[]%+,".contains(&b);
    let lower = id.to_ascii_lowercase();
    let hidden = ["%2f", "%5c", "%2e", "%25", "%0", "%1"];
    !id.is_empty()
        && id.len() <= 256
        && id.bytes().all(plain)
        && !id.bytes().all(|b| b == b'.')
        && !hidden.iter().any(|code| lower.contains(code))
}

fn asks_for_websocket(method: &Method, headers: &HeaderMap) -> bool {
    let named = headers
        .get_all(header::UPGRADE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("websocket"));
    // Over HTTP/2 a WebSocket opens with CONNECT (RFC 8441) and carries no Upgrade header.
    (*method == Method::GET && named) || *method == Method::CONNECT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str, headers: &[(&'static str, &'static str)]) -> Route {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, http::HeaderValue::from_static(value));
        }
        Endpoint::match_(&method.parse().unwrap(), path, &map)
    }

    #[test]
    fn each_served_path_is_its_endpoint() {
        use Protocol::{Anthropic, OpenAi};
        for (method, path, endpoint, protocol) in [
            ("POST", "/v1/messages", Endpoint::Messages, Anthropic),
            (
                "POST",
                "/v1/messages/count_tokens",
                Endpoint::CountTokens,
                Anthropic,
            ),
            (
                "POST",
                "/v1/chat/completions",
                Endpoint::ChatCompletions,
                OpenAi,
            ),
            ("POST", "/v1/responses", Endpoint::Responses, OpenAi),
            (
                "POST",
                "/v1/responses/input_tokens",
                Endpoint::ResponsesInputTokens,
                OpenAi,
            ),
            (
                "POST",
                "/v1/responses/compact",
                Endpoint::ResponsesCompact,
                OpenAi,
            ),
            ("POST", "/v1/embeddings", Endpoint::Embeddings, OpenAi),
            ("GET", "/v1/models", Endpoint::Models, OpenAi),
            (
                "GET",
                "/v1/models/ft:gpt-4o:acme::1",
                Endpoint::ModelById,
                OpenAi,
            ),
        ] {
            assert_eq!(
                route(method, path, &[]),
                Route::Serve { endpoint, protocol },
                "{path}"
            );
        }
    }

    #[test]
    fn models_are_anthropics_when_the_version_header_is_there() {
        let version = [("anthropic-version", "2023-06-01")];
        for (path, endpoint) in [
            ("/v1/models", Endpoint::Models),
            ("/v1/models/claude-opus-4-5", Endpoint::ModelById),
        ] {
            let protocol = Protocol::Anthropic;
            assert_eq!(
                route("GET", path, &version),
                Route::Serve { endpoint, protocol }
            );
        }
    }

    #[test]
    fn stored_objects_organizations_and_disguised_paths_do_not_exist() {
        for path in [
            "/v1/files",
            "/v1/messages/batches",
            "/v1/responses/resp_1",
            "/v1/organizations/usage",
            "/v1/models/",
            "/v1/models/a/b",
            "/v1/models/..",
            "/v1/models/a%2Fb",
            "/v1/models/%2e%2e",
            "/v1/messages/",
            "//v1/messages",
            "/v1/Messages",
            "/api/hello",
        ] {
            assert!(
                matches!(route("POST", path, &[]), Route::NotAllowed { .. }),
                "{path}"
            );
        }
        assert_eq!(
            route("GET", "/v1/messages/batches", &[]),
            Route::NotAllowed {
                protocol: Protocol::Anthropic
            }
        );
        assert_eq!(
            route("GET", "/v1/files", &[("anthropic-version", "2023-06-01")]),
            Route::NotAllowed {
                protocol: Protocol::Anthropic
            }
        );
    }

    #[test]
    fn a_websocket_is_declined_and_other_methods_are_named() {
        assert_eq!(
            route("GET", "/v1/responses", &[("upgrade", "WebSocket")]),
            Route::DeclineUpgrade
        );
        assert_eq!(
            route("CONNECT", "/v1/responses", &[]),
            Route::DeclineUpgrade
        );
        assert_eq!(
            route("GET", "/v1/responses", &[]),
            Route::MethodNotAllowed {
                allow: "POST",
                protocol: Protocol::OpenAi
            }
        );
        assert_eq!(
            route("DELETE", "/v1/models/x", &[]),
            Route::MethodNotAllowed {
                allow: "GET",
                protocol: Protocol::OpenAi
            }
        );
    }
}
