//! Budgets in the database. What is spent of them is in `spending`.

use crate::failure::{Attempt, Failure};
use crate::row::{Columns, moment, number};
use crate::spending;
use portunus_core::budget::{Action, Budget, BudgetScope, Measure, Quantity, WarnAt, Window};
use portunus_core::ids::{AgentId, BudgetId, PoolId};
use portunus_store::StoreError;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// What stands for the window of a quantity that has none.
const NO_WINDOW: &str = "none";

fn window(quantity: Quantity) -> &'static str {
    quantity.window().map_or(NO_WINDOW, Window::as_str)
}

fn subject_of(scope: &BudgetScope) -> &[u8] {
    match scope {
        BudgetScope::EveryAgent => &[],
        BudgetScope::Agent(id) => id.as_bytes(),
        BudgetScope::Pool(id) => id.as_bytes(),
    }
}

fn quantity(row: &Columns<'_>) -> Attempt<Quantity> {
    let measure = row.one_of("measure", Measure::from_name)?;
    let window = match row.text("window")? {
        NO_WINDOW => None,
        _ => Some(row.one_of("window", Window::from_name)?),
    };
    Quantity::new(measure, window).map_err(|_| Failure::Malformed("window"))
}

fn read(row: &SqliteRow) -> Attempt<Budget> {
    let row = Columns(row);
    let scope = match row.text("scope")? {
        "every_agent" => BudgetScope::EveryAgent,
        "agent" => BudgetScope::Agent(AgentId::from_bytes(row.bytes("subject")?)),
        "pool" => BudgetScope::Pool(PoolId::from_bytes(row.bytes("subject")?)),
        _ => return Err(Failure::Malformed("scope")),
    };
    Ok(Budget {
        id: BudgetId::from_bytes(row.bytes("id")?),
        scope,
        quantity: quantity(&row)?,
        limit: row.count("most")?,
        action: row.one_of("action", Action::from_name)?,
        warn_at: WarnAt::from_percent(row.count("warn_at")?)
            .ok_or(Failure::Malformed("warn_at"))?,
        created_at: row.moment("created_at")?,
    })
}

pub(crate) async fn all(db: &mut SqliteConnection) -> Attempt<Vec<Budget>> {
    let rows = sqlx::query("SELECT * FROM budgets ORDER BY id")
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

/// Whether a scope has a budget of this quantity.
pub(crate) async fn exists(
    db: &mut SqliteConnection,
    scope: &BudgetScope,
    quantity: Quantity,
) -> Attempt<bool> {
    let row = sqlx::query(
        "SELECT 1 FROM budgets WHERE scope = ? AND subject = ? AND measure = ? AND window = ?",
    )
    .bind(scope.kind())
    .bind(subject_of(scope))
    .bind(quantity.measure().as_str())
    .bind(window(quantity))
    .fetch_optional(db)
    .await?;
    Ok(row.is_some())
}

pub(crate) async fn set(db: &mut SqliteConnection, budget: &Budget) -> Attempt<()> {
    check_subject(db, &budget.scope).await?;
    let others = sqlx::query(
        "SELECT id = ?1 AS same, scope = ?2 AND subject = ?3 AND measure = ?4 AND window = ?5 AS here FROM budgets
         WHERE id = ?1 OR (scope = ?2 AND subject = ?3 AND measure = ?4 AND window = ?5)",
    )
    .bind(budget.id.as_bytes().as_slice())
    .bind(budget.scope.kind())
    .bind(subject_of(&budget.scope))
    .bind(budget.quantity.measure().as_str())
    .bind(window(budget.quantity))
    .fetch_all(&mut *db)
    .await?;
    let mut found = Vec::with_capacity(others.len());
    for row in &others {
        let row = Columns(row);
        found.push((row.count::<u8>("same")?, row.count::<u8>("here")?));
    }
    if found.contains(&(1, 0)) {
        return Err(StoreError::Inconsistent("a budget keeps its scope").into());
    }
    if found.contains(&(0, 1)) {
        return Err(StoreError::NameTaken.into());
    }
    sqlx::query(
        "INSERT INTO budgets (id, scope, subject, measure, window, most, action, warn_at, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET most = excluded.most, action = excluded.action, warn_at = excluded.warn_at",
    )
    .bind(budget.id.as_bytes().as_slice())
    .bind(budget.scope.kind())
    .bind(subject_of(&budget.scope))
    .bind(budget.quantity.measure().as_str())
    .bind(window(budget.quantity))
    .bind(number(budget.limit))
    .bind(budget.action.as_str())
    .bind(i64::from(budget.warn_at.percent()))
    .bind(moment(budget.created_at))
    .execute(db)
    .await?;
    Ok(())
}

async fn check_subject(db: &mut SqliteConnection, scope: &BudgetScope) -> Attempt<()> {
    let query = match scope {
        BudgetScope::EveryAgent => return Ok(()),
        BudgetScope::Agent(_) => "SELECT 1 FROM agents WHERE id = ?",
        BudgetScope::Pool(_) => "SELECT 1 FROM pools WHERE id = ?",
    };
    let row = sqlx::query(query)
        .bind(subject_of(scope))
        .fetch_optional(db)
        .await?;
    row.map(drop).ok_or(StoreError::NotFound.into())
}

pub(crate) async fn remove(db: &mut SqliteConnection, id: BudgetId) -> Attempt<()> {
    let removed = sqlx::query("DELETE FROM budgets WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    if removed.rows_affected() == 0 {
        return Err(StoreError::NotFound.into());
    }
    spending::forget_uncounted(db).await
}
