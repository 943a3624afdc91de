//! Keeps an access token fresh for days: exchanges the token, renews in time, takes successors that heartbeats and push
//! bring, and never hands out one that is over.
//!
//! At most one renewal is on its way at a time, and nobody else's successor is taken meanwhile: a renewal that reached the
//! plane after its successor's first use would look like that of a thief, and the whole family would end.

use crate::backoff::Backoff;
use crate::bearer::{AccessToken, Bearer};
use crate::chance;
use crate::clock::{SharedClock, millis};
use crate::error::Error;
use crate::planes::Planes;
use crate::renewal::{Asked, Grant, Renewal, Step, Taken};
use crate::transport::Ask;
use http::Method;
use parking_lot::{Mutex, MutexGuard};
use portunus_api::SecretText;
use portunus_api::access::{TokenRequest, TokenResponse};
use portunus_core::secret::Secret;
use portunus_core::time::Tick;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex as Turn;

const TOKEN_PATH: &str = "/api/v1/token";
const CLIENT_CREDENTIALS: &str = "client_credentials";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// How long a renewal is tried that nobody waits for.
const QUIET_PATIENCE: Duration = Duration::from_secs(20);
/// How long an exchange is tried where the token itself would do.
const BRIEF_PATIENCE: Duration = Duration::from_secs(2);
/// So long after it is due push may still bring the successor, in milliseconds.
const OVERDUE_MS: u64 = 20_000;
/// The pause after a renewal that failed while the one before still lasts.
const FIRST_REST: Duration = Duration::from_secs(2);
/// The longest such pause of ours.
const LONGEST_REST: Duration = Duration::from_secs(30);
/// A plane that says when to come again is believed up to here.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// See the module.
#[derive(Debug)]
pub(crate) struct Keeper {
    planes: Arc<Planes>,
    clock: SharedClock,
    timeout: Duration,
    patience: Duration,
    kept: Mutex<Kept>,
    /// Whose turn it is to renew.
    turn: Turn<()>,
}

/// Counts the tokens that were given one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Era(u64);

#[derive(Debug)]
struct Kept {
    token: Arc<Secret>,
    era: Era,
    renewal: Renewal,
    backoff: Backoff,
    /// What the plane last said of the token.
    standing: Standing,
}

/// Whether the token may be good, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Unquestioned,
    /// It was refused, or something was that only it could mend: nobody is given it before the plane says otherwise.
    Refused,
}

impl Keeper {
    pub(crate) fn new(
        planes: Arc<Planes>,
        clock: SharedClock,
        token: Secret,
        timeout: Duration,
        patience: Duration,
    ) -> Self {
        Self {
            planes,
            clock,
            timeout,
            patience,
            kept: Mutex::new(Kept {
                token: Arc::new(token),
                era: Era(0),
                renewal: Renewal::default(),
                backoff: Backoff::new(FIRST_REST, LONGEST_REST),
                standing: Standing::Unquestioned,
            }),
            turn: Turn::new(()),
        }
    }

    /// The token that access tokens are exchanged from.
    pub(crate) fn token(&self) -> Arc<Secret> {
        Arc::clone(&self.kept.lock().token)
    }

    /// From now on everything comes of this token; what came of the one before is not used any more.
    pub(crate) fn replace(&self, token: Secret) {
        let mut kept = self.kept.lock();
        kept.token = Arc::new(token);
        kept.era.0 += 1;
        kept.renewal.forget();
        kept.standing = Standing::Unquestioned;
    }

    /// An access token that lasts, renewed or exchanged if need be.
    pub(crate) async fn access(self: &Arc<Self>) -> Result<AccessToken, Error> {
        self.access_within(self.patience).await
    }

    /// The access token, or the token itself when the plane cannot give one.
    pub(crate) async fn bearer(self: &Arc<Self>) -> Result<Bearer, Error> {
        if self.takes_the_place(self.clock.tick()) {
            return Ok(Bearer::Token(self.token()));
        }
        match self.access_within(BRIEF_PATIENCE).await {
            Ok(access) => Ok(Bearer::Access(access)),
            Err(error) if is_of_the_moment(&error) => Ok(Bearer::Token(self.token())),
            // Nobody is there at all; the token would not do any better.
            Err(Error::Unanswered { .. }) => self.access().await.map(Bearer::Access),
            Err(error) => Err(error),
        }
    }

    async fn access_within(self: &Arc<Self>, patience: Duration) -> Result<AccessToken, Error> {
        match self.step(self.clock.tick()) {
            Step::Use => {}
            Step::UseAndRenew => self.renew_quietly(),
            Step::Renew | Step::Exchange => {
                let turn = self.turn.lock().await;
                if matches!(self.step(self.clock.tick()), Step::Renew | Step::Exchange) {
                    self.go_on(patience).await?;
                }
                drop(turn);
            }
        }
        self.current()
    }

    /// Whether the plane gives nothing for now, and the token may do.
    fn takes_the_place(&self, now: Tick) -> bool {
        let kept = self.kept.lock();
        kept.standing == Standing::Unquestioned && kept.renewal.rests_without(now)
    }

    /// The plane refused what was handed out. An access token is not handed out again; a token not before the plane was asked
    /// for an access token, and says itself whether it is good.
    pub(crate) fn refused(&self, bearer: &Bearer) {
        let mut kept = self.kept.lock();
        match bearer {
            Bearer::Access(access) => kept.renewal.refused(access.serial()),
            Bearer::Token(token) if Arc::ptr_eq(token, &kept.token) => {
                kept.standing = Standing::Refused;
            }
            Bearer::Token(_) => {}
        }
    }

    /// Takes a successor that came by the way, for a request with `access` that was sent at `sent_at`.
    pub(crate) fn accept(&self, grant: &Grant, access: &AccessToken, sent_at: Tick) -> Taken {
        let Ok(_turn) = self.turn.try_lock() else {
            return Taken::TooLate;
        };
        let asked = Asked::After(access.serial());
        let taken = self
            .kept
            .lock()
            .renewal
            .accept(grant, asked, sent_at, chance::number());
        tracing::debug!(?taken, "a renewed access token came by the way");
        taken
    }

    /// Which token everything comes of.
    pub(crate) fn era(&self) -> Era {
        self.kept.lock().era
    }

    /// What is held is not believed in any more: the next one is another one.
    pub(crate) fn doubt(&self) {
        let renewal = &mut self.kept.lock().renewal;
        if let Some(serial) = renewal.held().map(|held| held.serial) {
            renewal.refused(serial);
        }
    }

    /// What is held and lasts, without asking for anything.
    pub(crate) fn held(&self) -> Option<AccessToken> {
        match self.step(self.clock.tick()) {
            Step::Use | Step::UseAndRenew => self.current().ok(),
            Step::Renew | Step::Exchange => None,
        }
    }

    /// Takes a successor that push brought to a connection that stands on this era's token, once no renewal is on its way;
    /// says what it is as it is handed out, if it is held now.
    pub(crate) async fn adopt(&self, grant: &Grant, era: Era) -> Option<AccessToken> {
        let received_at = self.clock.tick();
        let _turn = self.turn.lock().await;
        {
            let mut kept = self.kept.lock();
            if kept.era != era {
                return None;
            }
            let taken = kept.renewal.adopt(grant, received_at, chance::number());
            tracing::debug!(?taken, "push brought an access token");
        }
        self.held()
    }

    /// Renews, while the caller goes on, what has been due for so long that nobody else seems to.
    pub(crate) fn freshen_in_background(self: &Arc<Self>) {
        let now = self.clock.tick().as_millis();
        let a_while_ago = Tick::from_millis(now.saturating_sub(OVERDUE_MS));
        if self.step(a_while_ago) != Step::Use {
            let keeper = Arc::clone(self);
            tokio::spawn(async move { keeper.freshen().await });
        }
    }

    /// When what is held should be renewed without anybody asking.
    pub(crate) fn wanted_at(&self) -> Option<Tick> {
        self.kept.lock().renewal.wanted_at()
    }

    /// Renews what is due.
    pub(crate) async fn freshen(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        match self.step(self.clock.tick()) {
            Step::Use => Ok(()),
            _ => self.go_on(QUIET_PATIENCE).await,
        }
    }

    fn step(&self, now: Tick) -> Step {
        self.kept.lock().renewal.step(now)
    }

    fn current(&self) -> Result<AccessToken, Error> {
        let mut kept = self.kept.lock();
        let held = kept.renewal.hand_out().ok_or_else(short_lived)?;
        let now = self.clock.tick();
        if now >= held.expires_at {
            return Err(short_lived());
        }
        let left = Duration::from_millis(now.ms_until(held.expires_at));
        Ok(AccessToken::of(held, left))
    }

    /// Renews while whoever asked goes on with what there is.
    fn renew_quietly(self: &Arc<Self>) {
        let keeper = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(_turn) = keeper.turn.try_lock() else {
                return;
            };
            if keeper.step(keeper.clock.tick()) != Step::UseAndRenew {
                return;
            }
            // What is held lasts; the next one who asks after the rest begins another try.
            let _ = keeper.go_on(QUIET_PATIENCE).await;
        });
    }

    /// One step on, after which a plane that cannot is left alone for a while. The caller has the turn.
    async fn go_on(&self, patience: Duration) -> Result<(), Error> {
        loop {
            let era = self.era();
            let done = self.renew_or_exchange(era, patience).await;
            let mut kept = self.kept.lock();
            // What became of the token before says nothing of the one that was given meanwhile.
            if kept.era == era {
                self.conclude(&mut kept, &done);
                return done;
            }
        }
    }

    fn conclude(&self, kept: &mut Kept, done: &Result<(), Error>) {
        match done {
            Ok(()) => {
                kept.backoff.reset();
                kept.standing = Standing::Unquestioned;
            }
            Err(error) => {
                if matches!(error, Error::Rejected(_)) {
                    kept.standing = Standing::Refused;
                }
                let pause = kept.backoff.pause(chance::number());
                let asked_for = error.retry_after().unwrap_or_default();
                let pause = pause.max(asked_for.min(LONGEST_WAIT));
                tracing::debug!(%error, ?pause, "no access token was given");
                let until = self.clock.tick().plus_ms(millis(pause));
                kept.renewal.rest(until);
            }
        }
    }

    /// A renewal, and an exchange where there is nothing to renew, of this era's token.
    async fn renew_or_exchange(&self, era: Era, patience: Duration) -> Result<(), Error> {
        let (asked, held) = {
            let kept = self.of_era(era)?;
            let held = kept.renewal.held().map(|held| Arc::clone(&held.text));
            (kept.renewal.ask(self.clock.tick()), held)
        };
        if let (Asked::After(_), Some(held)) = (asked, held) {
            let sent_at = self.clock.tick();
            match self.request(renewal_of(&held), None, patience).await {
                Ok(answer) => return self.take(&answer, asked, era, sent_at),
                Err(error)
                    if error
                        .refusal()
                        .is_some_and(|refusal| refusal.ends_the_family()) =>
                {
                    tracing::debug!(%error, "an access token cannot be renewed; the token is exchanged anew");
                    self.of_era(era)?.renewal.forget();
                }
                Err(error) => return Err(error),
            }
        }
        let token = Arc::clone(&self.of_era(era)?.token);
        let sent_at = self.clock.tick();
        let answer = self.request(exchange(), Some(&token), patience).await?;
        self.take(&answer, Asked::Anew, era, sent_at)
    }

    /// What is kept, unless another token was given since: what comes of the one before is not wanted any more.
    fn of_era(&self, era: Era) -> Result<MutexGuard<'_, Kept>, Error> {
        let kept = self.kept.lock();
        match kept.era == era {
            true => Ok(kept),
            false => Err(short_lived()),
        }
    }

    fn take(
        &self,
        answer: &TokenResponse,
        asked: Asked,
        era: Era,
        sent_at: Tick,
    ) -> Result<(), Error> {
        let renewal = &mut self.of_era(era)?.renewal;
        match renewal.accept(&answer.into(), asked, sent_at, chance::number()) {
            Taken::Yes => Ok(()),
            Taken::TooLate => Err(short_lived()),
        }
    }

    async fn request(
        &self,
        body: TokenRequest,
        bearer: Option<&Secret>,
        patience: Duration,
    ) -> Result<TokenResponse, Error> {
        let body = serde_json::to_vec(&body);
        let body = body.map_err(|error| Error::Unsendable(error.to_string()))?;
        let ask = Ask {
            method: Method::POST,
            path: TOKEN_PATH.to_owned(),
            body: Some(body.into()),
            key: None,
            timeout: self.timeout,
            patience,
        };
        let reply = self.planes.ask(&ask, bearer).await?;
        // The parser's own message would quote what it cannot read.
        serde_json::from_slice(&reply.body)
            .map_err(|_| Error::Unreadable("it is no access token".to_owned()))
    }
}

fn exchange() -> TokenRequest {
    TokenRequest {
        grant_type: CLIENT_CREDENTIALS.to_owned(),
        ..TokenRequest::default()
    }
}

fn renewal_of(held: &Secret) -> TokenRequest {
    TokenRequest {
        grant_type: TOKEN_EXCHANGE.to_owned(),
        subject_token: Some(SecretText::new(held.expose().to_owned())),
        subject_token_type: Some(ACCESS_TOKEN.to_owned()),
        ..TokenRequest::default()
    }
}

fn short_lived() -> Error {
    Error::Unreadable("the access token was over before it came".to_owned())
}

/// Whether the plane gives no access tokens for now, so that the token itself is worth a try.
fn is_of_the_moment(error: &Error) -> bool {
    !error.is_final() && !matches!(error, Error::Unanswered { .. })
}
