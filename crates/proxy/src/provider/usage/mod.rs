//! What an answer used, read from what the provider says of it, whichever protocol it speaks.
//!
//! | endpoint | whole answer | stream |
//! | --- | --- | --- |
//! | messages | `usage` | `message_start` (`message.usage`), then `message_delta` (`usage`, cumulative) |
//! | chat completions | `usage` | the chunk that `stream_options.include_usage` brings |
//! | responses | `usage` | `response.usage` of the last event |
//! | embeddings | `usage`, input alone | |
//!
//! Anthropic's `input_tokens` leave cached tokens out and `OpenAI`'s count them in; [`Usage`] counts each token once.
//!
//! **Absurd numbers are not believed.** A count that is no whole number from 0 to 10^9 (negative, fractional, text, an
//! object) is as good as absent; so is the part of a part that exceeds its whole, which is cut down to it. Whatever had
//! to be corrected or was not said at all makes the reading an [`UsageSource::Estimate`]: input from the size of the
//! request, output from the size of the answer's text. `null` is how providers say nothing, and is no fault.
//!
//! What is not read: the money that providers charge for other things than tokens (searches, containers).

mod expected;
mod stream;
mod told;
mod whole;

pub use expected::{Expected, expected};
pub use stream::UsageReader;
pub use whole::{NoAnswer, read};

use super::endpoint::Endpoint;
use portunus_core::usage::{Counted, Usage, UsageSource};
use told::Told;

/// How many bytes of text one token is taken for, where nobody counted.
const BYTES_PER_TOKEN: u64 = 4;

/// Whose way of counting an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// Input without cached tokens.
    Anthropic,
    /// Input with cached tokens.
    OpenAi,
    /// The same, without output.
    Embedding,
}

impl Dialect {
    /// `None` for endpoints whose answers use no tokens.
    const fn of(endpoint: Endpoint) -> Option<Self> {
        match endpoint {
            Endpoint::Messages => Some(Self::Anthropic),
            Endpoint::ChatCompletions | Endpoint::Responses | Endpoint::ResponsesCompact => {
                Some(Self::OpenAi)
            }
            Endpoint::Embeddings => Some(Self::Embedding),
            Endpoint::CountTokens
            | Endpoint::Models
            | Endpoint::ModelById
            | Endpoint::ResponsesInputTokens => None,
        }
    }
}

/// Counts each token once. `input` and `output` stand in for what was not said.
fn counted(dialect: Dialect, told: &Told, input: u64, output: u64) -> Counted {
    let mut doubtful = told.is_doubtful();
    let mut or_estimate = |said: Option<u64>, estimate: u64| {
        doubtful |= said.is_none();
        said.unwrap_or(estimate)
    };
    let input = or_estimate(told.input, input);
    let output = match dialect {
        Dialect::Embedding => told.output.unwrap_or(0),
        Dialect::Anthropic | Dialect::OpenAi => or_estimate(told.output, output),
    };
    let mut part = |said: Option<u64>, whole: u64| {
        let said = said.unwrap_or(0);
        doubtful |= said > whole;
        said.min(whole)
    };
    let (input, cache_read, cache_write) = match dialect {
        Dialect::Anthropic => (
            input,
            told.cache_read.unwrap_or(0),
            told.cache_write.unwrap_or(0),
        ),
        Dialect::OpenAi | Dialect::Embedding => {
            let cache_read = part(told.cache_read, input);
            let cache_write = part(told.cache_write, input - cache_read);
            (input - cache_read - cache_write, cache_read, cache_write)
        }
    };
    let cache_write_long = part(told.cache_write_long, cache_write);
    let (output, reasoning) = match told.reasoning_beside_output() {
        Some(reasoning) => (output + reasoning, reasoning),
        None => (output, part(told.reasoning, output)),
    };
    Counted {
        usage: Usage {
            input,
            cache_read,
            cache_write,
            output,
            reasoning,
        },
        cache_write_long,
        source: if doubtful {
            UsageSource::Estimate
        } else {
            UsageSource::Provider
        },
    }
}

#[cfg(test)]
mod tests;
