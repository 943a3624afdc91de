//! Delivers messages, one after the other: each is tried again with growing pauses until it is taken, or given up.

use super::{Counters, Courier, Message, WebhookSecret};
use crate::entropy;
use portunus_core::time::Clock;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Pauses before the second and every later attempt: about an hour in all. A quarter more or less is drawn for each, so that
/// many planes do not come at once.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(300),
    Duration::from_secs(900),
    Duration::from_secs(1800),
];

/// The receiver wants no more messages (Standard Webhooks, "Responses").
const GONE: u16 = 410;

pub(super) struct Delivery {
    pub(super) courier: Arc<dyn Courier>,
    pub(super) secret: WebhookSecret,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) counters: Arc<Counters>,
}

/// What came of an attempt.
enum Attempt {
    Taken,
    /// It may be taken later.
    Failed(String),
    /// It will never be taken.
    Refused(String),
}

impl Delivery {
    pub(super) async fn run(self, mut messages: mpsc::Receiver<Message>) {
        while let Some(message) = messages.recv().await {
            let counter = if self.deliver(&message).await {
                &self.counters.delivered
            } else {
                &self.counters.lost
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether the message was taken in the end.
    async fn deliver(&self, message: &Message) -> bool {
        let mut pauses = PAUSES.iter();
        loop {
            let why = match self.attempt(message).await {
                Attempt::Taken => return true,
                Attempt::Refused(why) => {
                    tracing::error!(id = message.id(), why, "the webhook refused a message");
                    return false;
                }
                Attempt::Failed(why) => why,
            };
            let Some(pause) = pauses.next() else {
                tracing::error!(
                    id = message.id(),
                    why,
                    "a message of the webhook was given up"
                );
                return false;
            };
            let pause = about(*pause);
            let pause_s = pause.as_secs();
            tracing::warn!(
                id = message.id(),
                why,
                pause_s,
                "the webhook did not take a message"
            );
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, message: &Message) -> Attempt {
        let headers = self.secret.headers(message, self.clock.now());
        let posting = self.courier.post(&headers, message.body());
        match tokio::time::timeout(TIMEOUT, posting).await {
            Ok(Ok(200..=299)) => Attempt::Taken,
            Ok(Ok(GONE)) => Attempt::Refused("it answered 410 Gone".to_owned()),
            Ok(Ok(status)) => Attempt::Failed(format!("it answered {status}")),
            Ok(Err(why)) => Attempt::Failed(why),
            Err(_) => Attempt::Failed("it did not answer in time".to_owned()),
        }
    }
}

/// Between three and five quarters of a pause.
fn about(pause: Duration) -> Duration {
    let [drawn] = entropy::draw::<1>().unwrap_or([128]);
    pause.mul_f64(0.75 + f64::from(drawn) / 510.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{Posting, Webhook, WebhookCounts};
    use parking_lot::Mutex;
    use portunus_core::time::{Tick, Timestamp};
    use tokio::runtime::Handle;

    /// A secret and a signature that other implementations agree on (standard-webhooks' own tests).
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(1_614_265_330)
        }

        fn tick(&self) -> Tick {
            Tick::default()
        }
    }

    type Seen = Vec<(String, Vec<u8>)>;

    /// Answers what it was told to, then 200.
    #[derive(Default)]
    struct Receiver(Mutex<(Vec<Result<u16, String>>, Seen)>);

    impl Courier for Receiver {
        fn post<'a>(
            &'a self,
            headers: &'a [(&'static str, String)],
            body: &'a [u8],
        ) -> Posting<'a> {
            let headers = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\n"));
            let (answers, seen) = &mut *self.0.lock();
            seen.push((headers.collect(), body.to_vec()));
            let answer = answers.pop().unwrap_or(Ok(200));
            Box::pin(async move { answer })
        }
    }

    fn message(id: &str) -> Message {
        Message::new(id.to_owned(), "test.happened", Still.now(), &"x")
    }

    fn start(answers: &[Result<u16, String>]) -> (Arc<Receiver>, Webhook) {
        let receiver = Arc::new(Receiver::default());
        receiver.0.lock().0 = answers.iter().rev().cloned().collect();
        let courier: Arc<dyn Courier> = Arc::clone(&receiver) as _;
        let secret = WebhookSecret::read(SECRET).unwrap();
        let webhook = Webhook::start(courier, secret, Arc::new(Still), &Handle::current());
        (receiver, webhook)
    }

    async fn hours(count: u64) {
        tokio::time::sleep(Duration::from_secs(count * 3600)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_is_tried_until_it_is_taken_under_one_id() {
        let (receiver, webhook) = start(&[Ok(500), Err("refused".to_owned()), Ok(302)]);
        webhook.send(message("msg_1"));
        hours(1).await;
        let seen = receiver.0.lock().1.clone();
        assert_eq!(
            seen.len(),
            4,
            "a redirect is no success and is not followed"
        );
        assert!(seen.iter().all(|one| *one == seen[0]));
        let counts = WebhookCounts {
            delivered: 1,
            lost: 0,
        };
        assert_eq!(webhook.counts(), counts);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_taken_and_what_does_not_fit_is_counted() {
        let (receiver, webhook) = start(&vec![Ok(503); 8]);
        webhook.send(message("msg_1"));
        tokio::task::yield_now().await;
        for number in 0..super::super::WAITING + 7 {
            webhook.send(message(&number.to_string()));
        }
        hours(2).await;
        let counts = WebhookCounts {
            delivered: 256,
            lost: 8,
        };
        assert_eq!(webhook.counts(), counts);
        assert_eq!(receiver.0.lock().1.len(), 8 + 256);
        let (receiver, webhook) = start(&[Ok(410)]);
        webhook.send(message("msg_2"));
        hours(1).await;
        assert_eq!(
            webhook.counts(),
            WebhookCounts {
                delivered: 0,
                lost: 1
            }
        );
        assert_eq!(receiver.0.lock().1.len(), 1);
    }

    #[test]
    fn a_signature_is_the_one_that_receivers_compute() {
        let secret = WebhookSecret::read(SECRET).unwrap();
        let mut known = message("msg_p5jXN8AQM9LWM0D4loKWxJek");
        known.set_body(br#"{"test": 2432232314}"#);
        let headers = secret.headers(&known, Still.now());
        assert_eq!(headers[1].1, "1614265330");
        assert_eq!(
            headers[2].1,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn p11_a_secret_that_is_none_is_not_repeated() {
        for text in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_%%",
        ] {
            let refused = WebhookSecret::read(text).unwrap_err();
            assert!(text.is_empty() || !refused.to_string().contains(text) || text == "whsec_");
        }
        let secret = WebhookSecret::read(SECRET).unwrap();
        assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
    }
}
