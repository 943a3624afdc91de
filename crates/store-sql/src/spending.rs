//! What is spent of budgets, as segments of records: a save appends what changed, and later records count.
//!
//! A record has 34 bytes: what it is about, the measure and the window in one byte, the id of the agent or the pool,
//! the start of the window and what was spent in it (eight bytes each, highest first). When what was appended
//! outgrows the oldest segment several times, all of them become one. So a save costs the same for one agent and, by
//! agent, next to nothing for a hundred thousand; and a start reads a few large values instead of many rows.

use crate::budgets;
use crate::failure::{Attempt, Failure};
use portunus_core::budget::{Budget, BudgetScope, Measure, Quantity, Saved, Subject, Window};
use portunus_core::ids::{AgentId, PoolId};
use portunus_core::time::Timestamp;
use portunus_store::Spending;
use sqlx::{Row, SqliteConnection};
use std::collections::{HashMap, HashSet};

const RECORD: usize = 34;

/// What records are about; of a deleted agent there is one that ends the earlier ones.
const AGENT: u8 = 0;
const POOL: u8 = 1;
const DELETED_AGENT: u8 = 2;

const MEASURES: [Measure; 4] = [
    Measure::Requests,
    Measure::Tokens,
    Measure::Money,
    Measure::Concurrency,
];

/// The last one stands for no window.
const WINDOWS: [Option<Window>; 5] = [
    Some(Window::Minute),
    Some(Window::Day),
    Some(Window::Month),
    Some(Window::Total),
    None,
];

/// How many times the size of the oldest segment the others may reach.
const MOST_GROWTH: i64 = 4;

/// Up to this size the others may grow in any case.
const SMALL: i64 = 64 << 10;

/// How many segments there may be.
const MOST_SEGMENTS: i64 = 1_024;

/// Up to how many records a save asks whether each one's agent still lives. In a larger one a record too much may
/// come of a request that overtook its agent's deletion; nobody looks for it, since ids are not given twice.
const FEW: usize = 64;

type Spent = HashMap<(Subject, Quantity), Saved>;

/// Everything that is spent.
pub(crate) async fn all(db: &mut SqliteConnection) -> Attempt<Vec<Spending>> {
    let spent = read(db).await?.into_iter();
    let row = |((subject, _), saved)| Spending { subject, saved };
    Ok(spent.map(row).collect())
}

/// Saves what is spent, where a budget counts it.
pub(crate) async fn save(db: &mut SqliteConnection, spending: &[Spending]) -> Attempt<()> {
    let mut defaults = HashMap::new();
    let mut bytes = Vec::with_capacity(spending.len() * RECORD);
    for row in spending {
        let quantity = row.saved.quantity;
        let by_default = match defaults.get(&quantity) {
            Some(known) => *known,
            None => {
                let bound = budgets::exists(db, &BudgetScope::EveryAgent, quantity).await?;
                *defaults.entry(quantity).or_insert(bound)
            }
        };
        let counts = match row.subject {
            Subject::Agent(id) => {
                (by_default || budgets::exists(db, &BudgetScope::Agent(id), quantity).await?)
                    && (spending.len() > FEW || lives(db, id).await?)
            }
            Subject::Pool(id) => budgets::exists(db, &BudgetScope::Pool(id), quantity).await?,
        };
        if counts {
            write(&mut bytes, row.subject, &row.saved);
        }
    }
    append(db, bytes).await
}

/// Forgets what an agent that is deleted has spent.
pub(crate) async fn forget_agent(db: &mut SqliteConnection, agent: AgentId) -> Attempt<()> {
    let mut bytes = vec![DELETED_AGENT, 0];
    bytes.extend_from_slice(agent.as_bytes());
    bytes.resize(RECORD, 0);
    append(db, bytes).await
}

/// Forgets what no budget counts any more.
pub(crate) async fn forget_uncounted(db: &mut SqliteConnection) -> Attempt<()> {
    let budgets = budgets::all(db).await?;
    let places: HashSet<_> = budgets
        .iter()
        .map(|b: &Budget| (b.scope, b.quantity))
        .collect();
    let mut spent = read(db).await?;
    spent.retain(|(subject, quantity), _| match *subject {
        Subject::Agent(id) => {
            places.contains(&(BudgetScope::EveryAgent, *quantity))
                || places.contains(&(BudgetScope::Agent(id), *quantity))
        }
        Subject::Pool(id) => places.contains(&(BudgetScope::Pool(id), *quantity)),
    });
    replace(db, &spent).await
}

async fn lives(db: &mut SqliteConnection, agent: AgentId) -> Attempt<bool> {
    let row = sqlx::query("SELECT 1 FROM agents WHERE id = ?")
        .bind(agent.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    Ok(row.is_some())
}

async fn append(db: &mut SqliteConnection, bytes: Vec<u8>) -> Attempt<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    insert(db, bytes).await?;
    let (segments, size, oldest): (i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), sum(size), (SELECT size FROM spending ORDER BY number LIMIT 1) FROM spending",
    )
    .fetch_one(&mut *db)
    .await?;
    let most = oldest.saturating_mul(MOST_GROWTH).max(SMALL);
    if segments > MOST_SEGMENTS || size - oldest > most {
        let spent = read(db).await?;
        replace(db, &spent).await?;
    }
    Ok(())
}

async fn insert(db: &mut SqliteConnection, bytes: Vec<u8>) -> Attempt<()> {
    sqlx::query("INSERT INTO spending (size, bytes) VALUES (?, ?)")
        .bind(i64::try_from(bytes.len()).unwrap_or(i64::MAX))
        .bind(bytes)
        .execute(db)
        .await?;
    Ok(())
}

async fn replace(db: &mut SqliteConnection, spent: &Spent) -> Attempt<()> {
    sqlx::query("DELETE FROM spending")
        .execute(&mut *db)
        .await?;
    let mut bytes = Vec::with_capacity(spent.len() * RECORD);
    for ((subject, _), saved) in spent {
        write(&mut bytes, *subject, saved);
    }
    insert(db, bytes).await
}

async fn read(db: &mut SqliteConnection) -> Attempt<Spent> {
    let rows = sqlx::query("SELECT bytes FROM spending ORDER BY number")
        .fetch_all(db)
        .await?;
    let mut spent = Spent::new();
    for row in &rows {
        let bytes: &[u8] = row.try_get(0)?;
        let (records, rest) = bytes.as_chunks::<RECORD>();
        if !rest.is_empty() {
            return Err(Failure::Malformed("bytes"));
        }
        spent.reserve(records.len().saturating_sub(spent.len()));
        for record in records {
            take_in(&mut spent, record).ok_or(Failure::Malformed("bytes"))?;
        }
    }
    Ok(spent)
}

fn write(bytes: &mut Vec<u8>, subject: Subject, saved: &Saved) {
    let (kind, id) = match &subject {
        Subject::Agent(id) => (AGENT, id.as_bytes()),
        Subject::Pool(id) => (POOL, id.as_bytes()),
    };
    bytes.extend_from_slice(&[kind, code(saved.quantity)]);
    bytes.extend_from_slice(id);
    bytes.extend_from_slice(&saved.starts.as_millis().to_be_bytes());
    bytes.extend_from_slice(&saved.spent.to_be_bytes());
}

fn take_in(spent: &mut Spent, record: &[u8; RECORD]) -> Option<()> {
    let ([kind, quantity], rest) = record.split_first_chunk()?;
    let (id, rest) = rest.split_first_chunk::<16>()?;
    let (starts, rest) = rest.split_first_chunk()?;
    let (amount, _) = rest.split_first_chunk()?;
    let subject = match *kind {
        AGENT => Subject::Agent(AgentId::from_bytes(*id)),
        POOL => Subject::Pool(PoolId::from_bytes(*id)),
        DELETED_AGENT => {
            let agent = Subject::Agent(AgentId::from_bytes(*id));
            for quantity in quantities() {
                spent.remove(&(agent, quantity));
            }
            return Some(());
        }
        _ => return None,
    };
    let quantity = quantity_of(*quantity)?;
    let saved = Saved {
        quantity,
        starts: Timestamp::from_millis(u64::from_be_bytes(*starts)),
        spent: u64::from_be_bytes(*amount),
    };
    spent.insert((subject, quantity), saved);
    Some(())
}

fn quantities() -> impl Iterator<Item = Quantity> {
    let pairs = MEASURES
        .into_iter()
        .flat_map(|measure| WINDOWS.map(|window| (measure, window)));
    pairs.filter_map(|(measure, window)| Quantity::new(measure, window).ok())
}

/// The place of the measure in the higher half, that of the window in the lower one.
fn code(quantity: Quantity) -> u8 {
    let measure: u8 = match quantity.measure() {
        Measure::Requests => 0,
        Measure::Tokens => 1,
        Measure::Money => 2,
        Measure::Concurrency => 3,
    };
    let window = match quantity.window() {
        Some(Window::Minute) => 0,
        Some(Window::Day) => 1,
        Some(Window::Month) => 2,
        Some(Window::Total) => 3,
        None => 4,
    };
    measure << 4 | window
}

fn quantity_of(code: u8) -> Option<Quantity> {
    let measure = MEASURES.get(usize::from(code >> 4))?;
    let window = WINDOWS.get(usize::from(code & 0xf))?;
    Quantity::new(*measure, *window).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (place, quantity) in (1..).zip(quantities()) {
            let saved = Saved {
                quantity,
                starts: Timestamp::from_millis(place),
                spent: u64::MAX - place,
            };
            let agent = Subject::Agent(AgentId::from_bytes([7; 16]));
            for subject in [agent, Subject::Pool(PoolId::from_bytes([7; 16]))] {
                let mut bytes = Vec::new();
                write(&mut bytes, subject, &saved);
                let record = bytes.first_chunk::<RECORD>().unwrap();
                let mut spent = Spent::new();
                take_in(&mut spent, record).unwrap();
                assert_eq!(spent.get(&(subject, quantity)), Some(&saved));
            }
        }
        assert_eq!(quantities().count(), 13);
    }
}
