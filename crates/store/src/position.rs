//! How cursors are written: the list's name and the position of the last item shown. Every store mints them alike,
//! so a cursor outlives a restart and a change of the store, and one of another list is noticed.

use crate::{Cursor, MessageOrder, Noticed, NotificationOrder, Recipient, StoreError};
use portunus_core::agent::Agent;
use portunus_core::alarm::Alarm;
use portunus_core::audit::AuditRecord;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{AgentId, AlarmId, PoolId};
use portunus_core::message::{Board, Message, Place};
use portunus_core::name::{Label, Slug};
use portunus_core::operator::Operator;
use portunus_core::provider_key::ProviderKey;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::str::FromStr;

const AGENTS: &str = "agents";
const OPERATORS: &str = "operators";
const TOKENS: &str = "tokens";
const KEYS: &str = "keys";
const AUDIT: &str = "audit";
const ALARMS: &str = "alarms";
const BOARDS: &str = "boards";
const NEWEST: &str = "messages";
const AFTER: &str = "messages-after";
const DELIVERIES: &str = "deliveries";
const NEWEST_NOTICES: &str = "notifications";
const NOTICES_AFTER: &str = "notifications-after";

/// After this agent.
#[must_use]
pub fn after_agent(agent: &Agent) -> Cursor {
    Cursor::new(format!("{AGENTS}.{}", agent.name))
}

/// After this operator.
#[must_use]
pub fn after_operator(operator: &Operator) -> Cursor {
    Cursor::new(format!("{OPERATORS}.{}", operator.name))
}

/// After this token.
#[must_use]
pub fn after_token(token: &TokenRecord) -> Cursor {
    let millis = token.created_at.as_millis();
    Cursor::new(format!("{TOKENS}.{millis}.{}", token.kid))
}

/// After this key.
#[must_use]
pub fn after_key(key: &ProviderKey) -> Cursor {
    Cursor::new(format!("{KEYS}.{}.{}", key.pool, key.label))
}

/// After this audit record.
#[must_use]
pub fn after_record(record: &AuditRecord) -> Cursor {
    Cursor::new(format!("{AUDIT}.{}", record.seq))
}

/// After this alarm.
#[must_use]
pub fn after_alarm(alarm: &Alarm) -> Cursor {
    let millis = alarm.first_at.as_millis();
    Cursor::new(format!("{ALARMS}.{millis}.{}", alarm.id))
}

/// Beginning and id of the last alarm shown.
pub fn alarm_place(cursor: &Cursor) -> Result<(Timestamp, AlarmId), StoreError> {
    let (millis, id) = split(of_list(cursor, ALARMS)?)?;
    Ok((Timestamp::from_millis(read(millis)?), read(id)?))
}

/// After this board.
#[must_use]
pub fn after_board(board: &Board) -> Cursor {
    Cursor::new(format!("{BOARDS}.{}", board.name))
}

/// After this message of its board.
#[must_use]
pub fn after_message(order: MessageOrder, message: &Message) -> Cursor {
    let number = match &message.place {
        Place::Board { number, .. } => *number,
        Place::Agent { .. } => 0,
    };
    Cursor::new(format!("{}.{number}", direction(order)))
}

/// After this recipient of a message.
#[must_use]
pub fn after_recipient(recipient: &Recipient) -> Cursor {
    Cursor::new(format!("{DELIVERIES}.{}", recipient.agent))
}

/// After this notification.
#[must_use]
pub fn after_notification(order: NotificationOrder, noticed: &Noticed) -> Cursor {
    let number = noticed.notification.number;
    Cursor::new(format!("{}.{number}", way(order)))
}

/// The number of the last notification shown, in a list of the same order.
pub fn notification_number(order: NotificationOrder, cursor: &Cursor) -> Result<u64, StoreError> {
    read(of_list(cursor, way(order))?)
}

const fn way(order: NotificationOrder) -> &'static str {
    match order {
        NotificationOrder::Newest => NEWEST_NOTICES,
        NotificationOrder::After(_) => NOTICES_AFTER,
    }
}

/// The name of the last board shown.
pub fn board_name(cursor: &Cursor) -> Result<Slug, StoreError> {
    read(of_list(cursor, BOARDS)?)
}

/// The number of the last message shown, in a list of the same order.
pub fn message_number(order: MessageOrder, cursor: &Cursor) -> Result<u64, StoreError> {
    read(of_list(cursor, direction(order))?)
}

/// The last recipient shown.
pub fn recipient(cursor: &Cursor) -> Result<AgentId, StoreError> {
    read(of_list(cursor, DELIVERIES)?)
}

const fn direction(order: MessageOrder) -> &'static str {
    match order {
        MessageOrder::Newest => NEWEST,
        MessageOrder::After(_) => AFTER,
    }
}

/// The name of the last agent shown.
pub fn agent_name(cursor: &Cursor) -> Result<Slug, StoreError> {
    read(of_list(cursor, AGENTS)?)
}

/// The name of the last operator shown.
pub fn operator_name(cursor: &Cursor) -> Result<Slug, StoreError> {
    read(of_list(cursor, OPERATORS)?)
}

/// Creation and handle of the last token shown.
pub fn token_place(cursor: &Cursor) -> Result<(Timestamp, Kid), StoreError> {
    let (millis, kid) = split(of_list(cursor, TOKENS)?)?;
    Ok((Timestamp::from_millis(read(millis)?), read(kid)?))
}

/// Pool and label of the last key shown.
pub fn key_place(cursor: &Cursor) -> Result<(PoolId, Label), StoreError> {
    let (pool, label) = split(of_list(cursor, KEYS)?)?;
    Ok((read(pool)?, read(label)?))
}

/// The number of the last audit record shown.
pub fn record_seq(cursor: &Cursor) -> Result<u64, StoreError> {
    read(of_list(cursor, AUDIT)?)
}

fn of_list<'a>(cursor: &'a Cursor, list: &str) -> Result<&'a str, StoreError> {
    cursor
        .as_str()
        .strip_prefix(list)
        .and_then(|rest| rest.strip_prefix('.'))
        .ok_or(StoreError::BadCursor)
}

fn split(text: &str) -> Result<(&str, &str), StoreError> {
    text.split_once('.').ok_or(StoreError::BadCursor)
}

fn read<T: FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::BadCursor)
}
