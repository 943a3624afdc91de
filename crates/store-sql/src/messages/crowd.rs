//! Many inboxes in one transaction. What is new to everyone is handed out to all of them by the same few statements, however
//! many they are; whoever finds anything else, or asks for less, is served alone.

use super::inbox;
use super::rows::{DeliveryColumns, MESSAGE, Numbered, message};
use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number};
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::message::{Delivery, Message};
use portunus_core::time::Timestamp;
use portunus_store::{Inbox, InboxWish, StoreError};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// How many new messages are handed out to all at once; whoever missed more is served alone.
const MOST_NEW: u32 = 32;

/// Whether the inbox `i` has something that can be taken at `?2`; those of `w`, which are the agents `?1`.
const HAS_OWN: &str =
    "EXISTS (SELECT 1 FROM deliveries d WHERE d.recipient = i.agent AND d.fails_at > ?2
    AND coalesce(d.visible_at, 0) <= ?2)";
const FIRST_NEW: &str =
    "(SELECT m.seq FROM messages m WHERE m.to_all = 1 AND m.seq > i.until ORDER BY m.seq LIMIT 1)";
const INBOXES: &str = "json_each(?1) w CROSS JOIN inboxes i ON i.agent = unhex(w.value)";

/// Wishes of different agents, at one moment.
struct Round<'w> {
    now: Timestamp,
    length: u64,
    wishes: Vec<(usize, &'w InboxWish)>,
}

impl<'w> Round<'w> {
    /// As if they came one after the other: nobody is in a round twice.
    fn of(wishes: &'w [InboxWish]) -> Vec<Self> {
        let mut rounds: Vec<(Self, HashSet<AgentId>)> = Vec::new();
        for (place, wish) in wishes.iter().enumerate() {
            let fits = |(round, agents): &&mut (Self, HashSet<AgentId>)| {
                (round.now, round.length) == (wish.now, wish.length)
                    && !agents.contains(&wish.agent)
            };
            if let Some((round, agents)) = rounds.last_mut().filter(|last| fits(last)) {
                round.wishes.push((place, wish));
                agents.insert(wish.agent);
            } else {
                let round = Self {
                    now: wish.now,
                    length: wish.length,
                    wishes: vec![(place, wish)],
                };
                rounds.push((round, HashSet::from([wish.agent])));
            }
        }
        rounds.into_iter().map(|(round, _)| round).collect()
    }

    fn agents(&self) -> String {
        hex_list(self.wishes.iter().map(|(_, wish)| wish.agent.as_bytes()))
    }
}

/// Ids as a list in JSON, which SQL reads by `unhex`.
pub(super) fn hex_list<'a>(ids: impl Iterator<Item = &'a [u8; 16]>) -> String {
    let mut list = String::from("[");
    for id in ids {
        list.push_str(if list.len() > 1 { ",\"" } else { "\"" });
        push_hex(&mut list, id);
        list.push('"');
    }
    list.push(']');
    list
}

pub(super) fn push_hex(text: &mut String, id: &[u8; 16]) {
    let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
}

/// What [`take`] would answer if it found nothing for anybody; `None` when there may be something.
pub(super) async fn nothing_for(
    db: &mut SqliteConnection,
    wishes: &[InboxWish],
) -> Attempt<Option<Vec<Option<Inbox>>>> {
    let mut found = vec![None; wishes.len()];
    for round in Round::of(wishes) {
        let query = format!(
            "SELECT EXISTS (SELECT 1 FROM {INBOXES} WHERE {FIRST_NEW} IS NOT NULL OR {HAS_OWN})"
        );
        let any: bool = sqlx::query_scalar(AssertSqlSafe(query))
            .bind(round.agents())
            .bind(moment(round.now))
            .fetch_one(&mut *db)
            .await?;
        if any {
            return Ok(None);
        }
        hidden(db, &round, &mut found).await?;
    }
    Ok(Some(found))
}

/// Tells all who are there when the next of what is hidden can be taken; those who have no answer yet found nothing.
async fn hidden(
    db: &mut SqliteConnection,
    round: &Round<'_>,
    found: &mut [Option<Inbox>],
) -> Attempt<()> {
    let query = format!(
        "SELECT w.key AS wish, (SELECT min(coalesce(d.visible_at, 0)) FROM deliveries d WHERE d.recipient = i.agent
             AND d.fails_at IS NOT NULL AND coalesce(d.visible_at, 0) > ?2) AS visible_at
         FROM {INBOXES}"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(round.agents())
        .bind(moment(round.now))
        .fetch_all(db)
        .await?;
    for row in &rows {
        let row = Columns(row);
        let wish = round.wishes.get(row.count::<usize>("wish")?);
        if let Some(place) = wish.and_then(|(place, _)| found.get_mut(*place)) {
            place.get_or_insert_default().visible_at = row.optional_moment("visible_at")?;
        }
    }
    Ok(())
}

pub(super) async fn take(
    db: &mut SqliteConnection,
    wishes: &[InboxWish],
) -> Attempt<Vec<Option<Inbox>>> {
    let mut found = vec![None; wishes.len()];
    for round in Round::of(wishes) {
        for crowd in crowds(db, &round).await? {
            let mut alone: Vec<_> = crowd.members(&round).collect();
            if let Some(first) = crowd.first_new {
                let news = news(db, first, round.now).await?;
                let together;
                (together, alone) = split(alone, news.len());
                hand_out(db, round.now, &news, together, &mut found).await?;
            }
            for (place, wish) in alone {
                let own = inbox::take(db, wish).await?;
                if let Some(place) = found.get_mut(place) {
                    place.get_or_insert_default().taken = own;
                }
            }
        }
        hidden(db, &round, &mut found).await?;
    }
    Ok(found)
}

/// Those of a round who find the same.
struct Crowd {
    /// The first message that is new to them, when there is nothing else for them and room for all that may be new; `None`
    /// for those who are served alone.
    first_new: Option<i64>,
    /// Their places in the round.
    members: Vec<usize>,
}

impl Crowd {
    fn members<'r, 'w>(
        &self,
        round: &'r Round<'w>,
    ) -> impl Iterator<Item = (usize, &'w InboxWish)> + use<'_, 'r, 'w> {
        let members = self.members.iter();
        members.filter_map(|member| round.wishes.get(*member).copied())
    }
}

/// Everybody who may find something.
async fn crowds(db: &mut SqliteConnection, round: &Round<'_>) -> Attempt<Vec<Crowd>> {
    // Materialized, or each of its columns would be looked up for every use of it.
    let query = format!(
        "WITH found AS MATERIALIZED (
             SELECT w.key AS wish, {FIRST_NEW} AS first_new, {HAS_OWN} AS has_own,
                 (SELECT count(*) FROM deliveries d WHERE d.recipient = i.agent AND d.fails_at IS NOT NULL) AS open
             FROM {INBOXES}
         )
         SELECT CASE WHEN has_own OR open + ?3 > ?4 THEN NULL ELSE first_new END AS first_new,
             json_group_array(wish) AS members
         FROM found WHERE first_new IS NOT NULL OR has_own GROUP BY 1"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(round.agents())
        .bind(moment(round.now))
        .bind(MOST_NEW)
        .bind(number(round.length))
        .fetch_all(db)
        .await?;
    let crowd = |row| {
        let row = Columns(row);
        let members = serde_json::from_str(row.text("members")?);
        Ok(Crowd {
            first_new: row.optional_count("first_new")?,
            members: members.map_err(|_| Failure::Malformed("members"))?,
        })
    };
    rows.iter().map(crowd).collect()
}

/// Places with the wishes there.
type Wishes<'w> = Vec<(usize, &'w InboxWish)>;

/// Those who asked for at least so many new messages, and those who are served alone.
fn split(members: Wishes<'_>, count: usize) -> (Wishes<'_>, Wishes<'_>) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let gets_all = |(_, wish): &(usize, &InboxWish)| count <= wish.limit.min(MOST_NEW);
    members.into_iter().partition(gets_all)
}

/// Hands out all of what is new to all members.
async fn hand_out(
    db: &mut SqliteConnection,
    now: Timestamp,
    news: &[(i64, Arc<Message>)],
    mut members: Wishes<'_>,
    found: &mut [Option<Inbox>],
) -> Attempt<()> {
    if members.is_empty() {
        return Ok(());
    }
    // Rows lie by recipient: neighbours are written together.
    members.sort_by_key(|(_, wish)| wish.agent);
    for (seq, news) in news {
        let have = have_it(db, *seq, news, &members).await?;
        let mut takers: BTreeMap<u64, Vec<AgentId>> = BTreeMap::new();
        for (place, wish) in &members {
            if news.sender.principal == Principal::Agent(wish.agent) || have.contains(&wish.agent) {
                continue;
            }
            let delivery = Delivery::NEW.taken(now, wish.visibility_ms, news.expires_at);
            let Some(delivery) = delivery else { continue };
            takers
                .entry(wish.visibility_ms)
                .or_default()
                .push(wish.agent);
            if let Some(place) = found.get_mut(*place) {
                let inbox = place.get_or_insert_default();
                inbox.taken.push((Arc::clone(news), delivery));
            }
        }
        for (visibility_ms, agents) in takers {
            let delivery = Delivery::NEW.taken(now, visibility_ms, news.expires_at);
            if let Some(delivery) = delivery {
                insert(db, (*seq, news), &delivery, &agents).await?;
            }
        }
    }
    reach(db, members.iter().map(|(_, wish)| wish.agent.as_bytes())).await
}

/// Messages to everyone that can be taken, from `first` on, the oldest first: one more than are handed out at once.
async fn news(
    db: &mut SqliteConnection,
    first: i64,
    now: Timestamp,
) -> Attempt<Vec<(i64, Arc<Message>)>> {
    let query = format!(
        "SELECT {MESSAGE} FROM messages m WHERE m.to_all = 1 AND m.seq >= ?1 AND m.expires_at > ?2
         AND m.withdrawn_at IS NULL ORDER BY m.seq LIMIT ?3"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(first)
        .bind(moment(now))
        .bind(MOST_NEW + 1)
        .fetch_all(db)
        .await?;
    let read = |row| message(row).map(|Numbered { seq, message }| (seq, Arc::new(message)));
    rows.iter().map(read).collect()
}

/// Who has a delivery of a new message already: whoever it names.
async fn have_it(
    db: &mut SqliteConnection,
    seq: i64,
    news: &Message,
    members: &[(usize, &InboxWish)],
) -> Attempt<HashSet<AgentId>> {
    if news.mentions.names.is_empty() {
        return Ok(HashSet::new());
    }
    let query = "SELECT d.recipient FROM json_each(?1) w
         CROSS JOIN deliveries d ON d.message = ?2 AND d.recipient = unhex(w.value)";
    let rows = sqlx::query(query)
        .bind(hex_list(
            members.iter().map(|(_, wish)| wish.agent.as_bytes()),
        ))
        .bind(seq)
        .fetch_all(db)
        .await?;
    let recipients = rows.iter().map(|row| Columns(row).bytes("recipient"));
    recipients
        .map(|bytes| bytes.map(AgentId::from_bytes))
        .collect()
}

/// Writes one delivery for each of the agents.
async fn insert(
    db: &mut SqliteConnection,
    (seq, news): (i64, &Message),
    delivery: &Delivery,
    agents: &[AgentId],
) -> Attempt<()> {
    let columns = DeliveryColumns::of(delivery, news.expires_at);
    let written = sqlx::query(
        "INSERT INTO deliveries (message, recipient, recipient_name, named, state, attempts, moved_at, visible_at, fails_at)
         SELECT ?2, a.id, a.name, 0, ?3, ?4, ?5, ?6, ?7
         FROM json_each(?1) w CROSS JOIN agents a ON a.id = unhex(w.value)",
    )
    .bind(hex_list(agents.iter().map(AgentId::as_bytes)))
    .bind(seq)
    .bind(columns.state)
    .bind(columns.attempts)
    .bind(columns.moved_at)
    .bind(columns.visible_at)
    .bind(columns.fails_at)
    .execute(db)
    .await?;
    let wanted = u64::try_from(agents.len()).unwrap_or(u64::MAX);
    if written.rows_affected() != wanted {
        return Err(StoreError::Inconsistent("an inbox without an agent").into());
    }
    Ok(())
}

/// They have everything that was written to everyone so far.
async fn reach<'a>(
    db: &mut SqliteConnection,
    agents: impl Iterator<Item = &'a [u8; 16]>,
) -> Attempt<()> {
    sqlx::query(
        "UPDATE inboxes SET until = (SELECT coalesce(max(seq), 0) FROM messages)
         WHERE agent IN (SELECT unhex(value) FROM json_each(?1))",
    )
    .bind(hex_list(agents))
    .execute(db)
    .await?;
    Ok(())
}
