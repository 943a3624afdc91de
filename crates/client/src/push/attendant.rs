//! Keeps a connection for whoever listens: connects, hands events over, acknowledges what was taken, keeps the access token
//! fresh, and connects again as the rules have it.

use super::socket::{Heard, Socket, lost, open};
use super::{News, Place, Queued, Subscription, Told};
use crate::bearer::{AccessToken, Bearer};
use crate::chance;
use crate::client::Client;
use crate::dial::Line;
use crate::error::Error;
use crate::keeper::Era;
use crate::reconnect::{Credential, DeviceToken, End, Next, Presented, Reconnect};
use portunus_api::SecretText;
use portunus_api::liveness::RenewedAccess;
use portunus_api::push::{
    Ack, Asked, ClientFrame, Connect, Event, Numbered, PresentCredential, ServerFrame,
};
use portunus_core::secret::Secret;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval, sleep, sleep_until};

/// From dialling to `hello`.
const OPENING_LIMIT: Duration = Duration::from_secs(20);
/// How often the credential that the connection stands on is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long an adopted successor may wait for a renewal that is on its way.
const ADOPTING_LIMIT: Duration = Duration::from_secs(25);
/// Bounds of what a plane may say about when it takes silence for death.
const DEAD_AFTER: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// More events than that wait for no agent: the plane stops long before.
const MOST_QUEUED: u64 = 4_096;

/// See the module.
pub(super) struct Attendant {
    client: Client,
    subscription: Subscription,
    news: mpsc::UnboundedSender<Queued>,
    taken: watch::Receiver<Place>,
    reconnect: Reconnect,
    cursor: Option<String>,
    /// Counts the connections.
    connection: u64,
}

/// What a connection stands on.
struct Standing {
    presented: Presented,
    access: Option<AccessToken>,
    era: Era,
}

impl Attendant {
    pub(super) fn new(
        client: Client,
        subscription: Subscription,
        news: mpsc::UnboundedSender<Queued>,
        taken: watch::Receiver<Place>,
    ) -> Self {
        Self {
            cursor: subscription.cursor.clone(),
            client,
            subscription,
            news,
            taken,
            reconnect: Reconnect::default(),
            connection: 0,
        }
    }

    /// Until connecting again would not help.
    pub(super) async fn attend(mut self) -> Error {
        let mut with = Credential::Usual;
        loop {
            let (end, presented, device) = match self.credential(with).await {
                Ok((bearer, standing)) => self.once(&bearer, standing).await,
                Err(Error::Rejected(refusal)) => {
                    let (_, node) = self.client.shared.planes.preferred();
                    let device = self.device_token_for(node.line());
                    (End::TurnedAway(refusal), Presented::Exchanged, device)
                }
                Err(error) if error.is_final() => return error,
                Err(error) => (
                    End::Lost(error.to_string()),
                    Presented::Token,
                    DeviceToken::None,
                ),
            };
            match self
                .reconnect
                .ended(&end, presented, device, chance::number())
            {
                Next::Stop => return Error::of_end(end),
                Next::WithoutCursor => self.cursor = None,
                Next::Again { after, with: next } => {
                    // Told here and not where news are heard: whoever is busy with a message hears of it later.
                    tracing::info!(%end, ?after, "the plane cannot tell of what happens; it is tried again");
                    with = next;
                    let again_in = after;
                    self.tell(News::Broken { end, again_in }, None);
                    sleep(after).await;
                }
            }
        }
    }

    /// What to present.
    async fn credential(&self, with: Credential) -> Result<(Secret, Standing), Error> {
        let keeper = &self.client.shared.keeper;
        let era = keeper.era();
        if let (Credential::Device, Some(device)) = (with, &self.subscription.device_token) {
            let presented = Presented::Device;
            let standing = Standing {
                presented,
                access: None,
                era,
            };
            return Ok((device.clone(), standing));
        }
        if with == Credential::Renewed {
            keeper.doubt();
        }
        let bearer = match with {
            Credential::Renewed => Bearer::Access(keeper.access().await?),
            _ => keeper.bearer().await?,
        };
        let (presented, access) = match &bearer {
            Bearer::Access(access) => (Presented::Access, Some(access.clone())),
            Bearer::Token(_) => (Presented::Token, None),
        };
        let standing = Standing {
            presented,
            access,
            era,
        };
        Ok((bearer.secret().clone(), standing))
    }

    /// One connection, from its beginning to its end.
    async fn once(&mut self, bearer: &Secret, standing: Standing) -> (End, Presented, DeviceToken) {
        let planes = std::sync::Arc::clone(&self.client.shared.planes);
        let (turn, node) = planes.preferred();
        let line = node.line();
        let (presented, device) = (standing.presented, self.device_token_for(line));
        // Meanwhile it may be the turn of another address than the one that the rules were asked about.
        if presented == Presented::Device && device != DeviceToken::MayBeSent {
            let end = lost("it is uncertain who would hear the device's token");
            return (end, presented, device);
        }
        let connect = Connect {
            topics: self.subscription.topics.clone(),
            cursor: self.cursor.clone(),
            access_token: (presented != Presented::Device).then_some(true),
            visibility_ms: self.subscription.visibility.map(crate::clock::millis),
            max_unread: self.subscription.max_unread,
            client: self.subscription.name.clone(),
            ..Connect::default()
        };
        let end = match open(line, connect, bearer, OPENING_LIMIT).await {
            Ok((socket, hello)) => {
                self.reconnect.greeted();
                self.connection += 1;
                let dead_after = Duration::from_millis(hello.limits.dead_after_ms);
                let dead_after = dead_after.clamp(DEAD_AFTER.0, DEAD_AFTER.1);
                tracing::info!("the plane tells of what happens");
                self.tell(News::Connected(hello), None);
                self.listen(socket, standing, dead_after).await
            }
            Err(end) => end,
        };
        if !matches!(end, End::Refused(_)) {
            planes.pass(turn);
        }
        (end, presented, device)
    }

    fn device_token_for(&self, line: &Line) -> DeviceToken {
        match (
            &self.subscription.device_token,
            line.endpoint().is_trusted(),
        ) {
            (None, _) => DeviceToken::None,
            (Some(_), true) => DeviceToken::MayBeSent,
            (Some(_), false) => DeviceToken::StaysHere,
        }
    }

    fn tell(&self, news: News, place: Option<Place>) {
        // Nobody listens any more once the agent's end is dropped, and then this task is aborted too.
        let _ = self.news.send(Queued { news, place });
    }

    /// Listens until the connection ends.
    async fn listen(
        &mut self,
        mut socket: Socket,
        standing: Standing,
        dead_after: Duration,
    ) -> End {
        let mut line = Listening {
            standing,
            seq: 0,
            acknowledged: 0,
            own: BTreeMap::new(),
        };
        let mut look = interval(LOOK_EVERY);
        let mut heard_at = Instant::now();
        let mut taken = self.taken.clone();
        loop {
            let step = tokio::select! {
                heard = socket.heard() => {
                    heard_at = Instant::now();
                    match heard {
                        Ok(Heard::Sign) => Ok(()),
                        Ok(Heard::Frame(frame)) => self.hear(*frame, &mut line).await,
                        Err(end) => Err(end),
                    }
                }
                changed = taken.changed() => match changed {
                    Ok(()) => Ok(()),
                    Err(_) => {
                        socket.close().await;
                        return lost("nobody listens any more");
                    }
                },
                _ = look.tick() => self.look(&mut socket, &mut line).await,
                () = sleep_until(heard_at + dead_after) => Err(lost("it fell silent")),
            };
            let step = match step {
                Ok(()) => self.acknowledge(&mut socket, &mut line).await,
                Err(end) => Err(end),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// One frame of the plane.
    async fn hear(&mut self, frame: ServerFrame, line: &mut Listening) -> Result<(), End> {
        match frame {
            ServerFrame::Event(numbered) => self.event(*numbered, line).await,
            ServerFrame::Error(error)
                if error.code.closes_with().is_none() && error.id.is_some() =>
            {
                tracing::debug!(code = error.code.as_str(), "a frame was refused");
                Ok(())
            }
            ServerFrame::Error(error) => Err(End::Refused(Box::new(error))),
            _ => Ok(()),
        }
    }

    async fn event(&mut self, numbered: Numbered, line: &mut Listening) -> Result<(), End> {
        if numbered.seq != line.seq + 1 {
            return Err(lost("an event is missing"));
        }
        if numbered.seq - line.acknowledged > MOST_QUEUED {
            return Err(lost("it does not wait for acknowledgements"));
        }
        line.seq = numbered.seq;
        self.cursor = Some(numbered.cursor.clone());
        if let Event::Credential(renewed) = &numbered.event {
            let adopted = self.adopt(renewed, line.standing.era).await?;
            line.own.insert(numbered.seq, adopted);
            return Ok(());
        }
        let place = Place {
            connection: self.connection,
            seq: numbered.seq,
        };
        let told = Told {
            event: numbered.event,
            cursor: numbered.cursor,
        };
        self.tell(News::Told(Box::new(told)), Some(place));
        Ok(())
    }

    /// Takes the successor of the access token. Acknowledging it counts as its first use, after which a renewal that is
    /// still on its way would look like a thief's; so that one is waited for first.
    async fn adopt(&self, renewed: &RenewedAccess, era: Era) -> Result<Option<AccessToken>, End> {
        let keeper = &self.client.shared.keeper;
        let grant = renewed.into();
        let adopting = keeper.adopt(&grant, era);
        let adopted = tokio::time::timeout(ADOPTING_LIMIT, adopting).await;
        adopted.map_err(|_| lost("an access token came while another was asked for"))
    }

    /// Renews what the plane did not renew in time, and presents what the connection does not stand on yet: what was renewed
    /// otherwise, or what push brought while the agent is busy with an event before it, so that it is not acknowledged.
    async fn look(&self, socket: &mut Socket, line: &mut Listening) -> Result<(), End> {
        if line.standing.presented == Presented::Device {
            return Ok(());
        }
        let keeper = &self.client.shared.keeper;
        keeper.freshen_in_background();
        let (Some(current), era) = (keeper.held(), keeper.era()) else {
            return Ok(());
        };
        if line
            .standing
            .access
            .as_ref()
            .is_some_and(|access| access.is(&current))
        {
            return Ok(());
        }
        let token = SecretText::new(current.expose().to_owned());
        let frame = ClientFrame::Credential(Asked {
            id: None,
            body: PresentCredential { token },
        });
        socket.write(&frame).await?;
        line.standing = Standing {
            presented: Presented::Access,
            access: Some(current),
            era,
        };
        Ok(())
    }

    /// Acknowledges what the agent took, and what was for us.
    async fn acknowledge(&self, socket: &mut Socket, line: &mut Listening) -> Result<(), End> {
        let taken = *self.taken.borrow();
        let taken = if taken.connection == self.connection {
            taken.seq
        } else {
            0
        };
        let mut upto = taken.max(line.acknowledged);
        while let Some(adopted) = line.own.remove(&(upto + 1)) {
            upto += 1;
            line.standing.access = adopted.or(line.standing.access.take());
        }
        if upto == line.acknowledged {
            return Ok(());
        }
        line.acknowledged = upto;
        let ack = Ack {
            connection: None,
            seq: upto,
        };
        socket.write(&ClientFrame::Ack(ack)).await
    }
}

/// What one connection has told.
struct Listening {
    standing: Standing,
    /// The last event's number.
    seq: u64,
    acknowledged: u64,
    /// Events that were for us and not for the agent, and are not acknowledged yet.
    own: BTreeMap<u64, Option<AccessToken>>,
}
