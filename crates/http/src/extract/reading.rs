//! How a body is read: up to a limit, within a time, and with the room that it takes. Of who is proven that is theirs; those
//! of whom nobody knows yet share a lobby, from which the oldest leaves for the newest.

use crate::error::Refusal;
use crate::listen::BodyTimedOut;
use crate::lobby::Lobby;
use axum::body::Body;
use futures_util::future::poll_immediate;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http_body_util::BodyExt;
use portunus_api::ErrorCode;
use portunus_app::Plane;
use portunus_app::admission::bodies::{Full, Room, Shares};
use portunus_core::agent::Principal;
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

const MIB: usize = 1024 * 1024;

/// How many bytes a body may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BodyLimit(usize);

impl BodyLimit {
    /// A batch of 1000 keys fits several times.
    pub(crate) const USUAL: Self = Self(MIB);
    /// A whole fleet in one piece.
    pub(crate) const IMPORT: Self = Self(16 * MIB);
    /// Of a request that has to say who sends it: names, a password, tokens and scopes.
    const PROOF: Self = Self(16 * 1024);

    fn exceeded(self) -> Refusal {
        let detail = format!("the body is larger than {} bytes", self.0);
        Refusal::new(ErrorCode::PayloadTooLarge, detail)
    }

    /// What the head says of the length; 0 where it says nothing.
    fn announced(self, parts: &Parts) -> Result<usize, Refusal> {
        let header = parts.headers.get(CONTENT_LENGTH);
        let length = header.and_then(|value| value.to_str().ok()?.parse().ok());
        match length.unwrap_or(0) {
            length if length > self.0 => Err(self.exceeded()),
            length => Ok(length),
        }
    }
}

/// How much is held of the bodies of changes: 32 MiB of one principal, and 256 MiB of all, the last 64 for those of whom
/// nothing is held.
const CHANGES: Shares = Shares {
    largest: BodyLimit::IMPORT.0,
    of_one: 2,
    of_all: 16,
    for_newcomers: 4,
};

/// Longest time for a body to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// Where bodies wait of whose senders nothing is known yet: 64 MiB of them. Those that come with their heads do not wait.
#[derive(Clone, Debug)]
pub(crate) struct Unproven(Arc<Lobby>);

impl Default for Unproven {
    fn default() -> Self {
        Self(Lobby::for_at_most(64 * MIB / BodyLimit::PROOF.0))
    }
}

/// A guard has read the body, and put it back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole;

/// Reads a body for a handler.
pub(crate) async fn read(parts: &Parts, body: Body) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    if parts.extensions.get::<Whole>().is_some() {
        let limit = BodyLimit::IMPORT;
        return collect(body, (limit.announced(parts)?, limit), |_| Ok(())).await;
    }
    let limit = BodyLimit::PROOF;
    let reading = collect(body, (limit.announced(parts)?, limit), |_| Ok(()));
    let mut reading = pin!(in_time(reading));
    // Most came with their heads, and take no place.
    if let Some(read) = poll_immediate(reading.as_mut()).await {
        return read;
    }
    let Some(Unproven(lobby)) = parts.extensions.get() else {
        return Err(Refusal::internal(&"a route without a lobby reads a body"));
    };
    let guest = lobby.enter();
    tokio::select! {
        biased;
        read = reading => read,
        () = guest.must_leave() => Err(crowded_out()),
    }
}

/// Reads the body of a change that `of` asks for, and gives the room that it takes.
pub(crate) async fn read_of(
    of: Principal,
    plane: &Plane,
    (parts, body): (&Parts, Body),
    limit: BodyLimit,
) -> Result<(Zeroizing<Vec<u8>>, Option<Room>), Refusal> {
    let announced = limit.announced(parts)?;
    let mut arriving = plane.admission().bodies().arriving(of, CHANGES);
    let reach = |length| arriving.reach(length).map_err(no_room);
    let bytes = in_time(collect(body, (announced, limit), reach)).await?;
    let room = arriving.arrived(bytes.len());
    Ok((bytes, room))
}

async fn in_time(
    reading: impl Future<Output = Result<Zeroizing<Vec<u8>>, Refusal>>,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    match tokio::time::timeout(ARRIVAL, reading).await {
        Ok(bytes) => bytes,
        Err(_) => Err(Refusal::new(
            ErrorCode::RequestTimeout,
            format!("the body did not arrive within {} s", ARRIVAL.as_secs()),
        )),
    }
}

/// Too much of one principal, or of all, is held already.
fn no_room(full: Full) -> Refusal {
    let (whose, most) = match full {
        Full::OfOne => ("yours", CHANGES.of_one),
        Full::OfAll => ("all", CHANGES.of_all),
    };
    let mib = most * CHANGES.largest / MIB;
    let detail =
        format!("the bodies of changes of {whose} that are under way may have {mib} MiB together");
    Refusal::new(ErrorCode::RateLimited, detail)
        .fix("send it again when another one is answered")
        .retry_after_ms(1_000)
}

/// A body that had not come to its end when its place was needed.
fn crowded_out() -> Refusal {
    let detail =
        "too many bodies arrive from senders who are not known yet, and this one was the slowest";
    Refusal::new(ErrorCode::RateLimited, detail)
        .fix("send it again, in one piece with its head")
        .retry_after_ms(1_000)
}

/// Why a body did not come to its end: its sender fell silent, or went away.
fn broken_off(error: &axum::Error) -> Refusal {
    let mut cause = Some(error as &dyn Error);
    while let Some(error) = cause {
        if error.is::<BodyTimedOut>() {
            return Refusal::new(ErrorCode::RequestTimeout, error.to_string());
        }
        cause = error.source();
    }
    Refusal::new(ErrorCode::BadRequest, "the body ended before its end")
}

/// Reads up to `limit`; before there are more bytes `reach` must have room for as many.
async fn collect(
    mut body: Body,
    (announced, limit): (usize, BodyLimit),
    mut reach: impl FnMut(usize) -> Result<(), Refusal>,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut bytes = Zeroizing::<Vec<u8>>::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_off(&error))?;
        if let Ok(data) = frame.into_data() {
            let length = bytes.len() + data.len();
            if length > limit.0 {
                return Err(limit.exceeded());
            }
            reach(announced.max(length))?;
            append(&mut bytes, &data, announced);
        }
    }
    Ok(bytes)
}

/// Adds `data` to what is there. Where that has to move, what stays behind is wiped.
fn append(bytes: &mut Zeroizing<Vec<u8>>, data: &[u8], announced: usize) {
    let needed = bytes.len() + data.len();
    if needed > bytes.capacity() {
        let room = needed
            .max(announced)
            .max(bytes.capacity().saturating_mul(2));
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    bytes.extend_from_slice(data);
}
