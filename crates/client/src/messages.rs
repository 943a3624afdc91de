//! Messages: the agent's inbox, and what it writes to boards and to other agents.

use crate::client::{Client, Effect, understood};
use crate::error::Error;
use http::Method;
use portunus_api::List;
use portunus_api::messages::{
    Acknowledge, Acknowledged, InboxItem, InboxQuery, MessageShown, MessageWritten, WriteMessage,
};
use std::fmt::Write as _;
use std::time::Duration;

impl Client {
    /// Takes messages out of the inbox, oldest first, and waits for the first one as long as `wait_ms` says. What is taken
    /// is hidden from the next reader for `visibility_ms` and comes again unless it is acknowledged: do what a message asks
    /// for, remember its id, and [acknowledge](Client::acknowledge) it.
    ///
    /// # Errors
    ///
    /// [`Error`]; among others `invalid_parameter`, and `not_an_agent` for an operator's token.
    pub async fn inbox(&self, query: &InboxQuery) -> Result<Vec<InboxItem>, Error> {
        let text = serde_urlencoded::to_string(query)
            .map_err(|error| Error::Unsendable(error.to_string()))?;
        let mut ask = self.ask(Method::GET, &format!("/inbox?{text}"), None, Effect::None)?;
        let wait = Duration::from_millis(query.wait_ms.unwrap_or(0));
        ask.timeout = ask.timeout.saturating_add(wait);
        ask.patience = ask.patience.saturating_add(wait);
        let page: List<InboxItem> = understood(&self.call(&ask).await?.reply)?;
        Ok(page.items)
    }

    /// Says that the work of these messages is done; all of them, or nothing changes.
    ///
    /// # Errors
    ///
    /// [`Error`]; among others `not_delivered`, `delivery_failed`, and `not_found` for one that is not for this agent.
    pub async fn acknowledge<T: Into<String>>(
        &self,
        messages: impl IntoIterator<Item = T>,
    ) -> Result<Acknowledged, Error> {
        let messages = messages.into_iter().map(Into::into).collect();
        self.change("/inbox/ack", &Acknowledge { messages }).await
    }

    /// Writes to one agent, by name or id. It waits for nobody: the message is queued when this returns, and
    /// [`Client::message`] says what became of it.
    ///
    /// # Errors
    ///
    /// [`Error`]; among others `not_found`.
    pub async fn send(&self, agent: &str, message: &WriteMessage) -> Result<MessageWritten, Error> {
        let path = format!("/agents/{}/messages", segment(agent));
        self.change(&path, message).await
    }

    /// Writes on a board, by name or id; whoever is named in the text gets it into its inbox.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub async fn post(&self, board: &str, message: &WriteMessage) -> Result<MessageWritten, Error> {
        let path = format!("/boards/{}/messages", segment(board));
        self.change(&path, message).await
    }

    /// A message that this agent wrote or got, and what became of it.
    ///
    /// # Errors
    ///
    /// [`Error`]; among others `not_found`.
    pub async fn message(&self, id: &str) -> Result<MessageShown, Error> {
        self.read(&format!("/messages/{}", segment(id))).await
    }
}

/// Percent-encodes what is not unreserved (RFC 3986), so that any text is one segment of a path.
fn segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut segment, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}");
        }
        segment
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_one_segment() {
        assert_eq!(segment("mayor-2"), "mayor-2");
        assert_eq!(segment("../é?x"), "..%2F%C3%A9%3Fx");
    }
}
