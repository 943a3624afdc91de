//! Whether the file takes what is written: what became of the last transaction, remembered as it ends.
//!
//! A full disk and a lock that another process holds refuse every change while everything can be read.

use crate::failure::{Attempt, Failure};
use parking_lot::Mutex;
use portunus_store::{Result, StoreError};
use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{Error, Transaction};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// See the module. Clones are of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writing(Arc<Mutex<Last>>);

/// What the last transaction showed.
#[derive(Debug, Default)]
enum Last {
    /// It was taken.
    #[default]
    Taken,
    /// It was given up before its end, for a reason of ours or of the file's.
    GivenUp,
    /// It was refused, with this cause.
    Refused(String),
}

impl Writing {
    /// Fails from the first change that the file refused until it takes one.
    pub(crate) fn check(&self) -> Result<()> {
        match &*self.0.lock() {
            Last::Refused(cause) => Err(StoreError::Unavailable(format!(
                "it takes no changes: {cause}"
            ))),
            Last::Taken | Last::GivenUp => Ok(()),
        }
    }

    /// Whether nothing speaks against it.
    pub(crate) fn is_certain(&self) -> bool {
        matches!(*self.0.lock(), Last::Taken)
    }

    /// A transaction begins if the file lets it.
    pub(crate) fn begun(
        &self,
        begun: sqlx::Result<Transaction<'static, Sqlite>>,
    ) -> Attempt<Change> {
        let end = End(self.clone());
        match begun {
            Ok(tx) => Ok(Change { tx, end }),
            // A long transaction of our own is in the way, which says nothing about the file.
            Err(error @ (Error::PoolTimedOut | Error::PoolClosed)) => Err(error.into()),
            Err(error) => {
                let refusal = StoreError::from(Failure::from(error));
                self.refused(&refusal);
                Err(refusal.into())
            }
        }
    }

    fn refused(&self, refusal: &StoreError) {
        match refusal {
            StoreError::Unavailable(cause) => *self.0.lock() = Last::Refused(cause.clone()),
            // It takes changes, and not this one.
            _ => self.given_up(),
        }
    }

    fn given_up(&self) {
        let mut last = self.0.lock();
        if matches!(*last, Last::Taken) {
            *last = Last::GivenUp;
        }
    }
}

/// A transaction that holds the write lock. What is dropped before it is committed has not happened.
#[derive(Debug)]
pub(crate) struct Change {
    tx: Transaction<'static, Sqlite>,
    end: End,
}

/// Remembers that there was one that nothing more was heard of.
#[derive(Debug)]
struct End(Writing);

impl Drop for End {
    fn drop(&mut self) {
        self.0.given_up();
    }
}

impl Change {
    pub(crate) async fn commit(self) -> Result<()> {
        let Self { tx, end } = self;
        let writing = end.0.clone();
        let done = tx.commit().await;
        let done = done.map_err(|error| StoreError::from(Failure::from(error)));
        drop(end);
        match &done {
            Ok(()) => *writing.0.lock() = Last::Taken,
            Err(refusal) => writing.refused(refusal),
        }
        done
    }
}

impl Deref for Change {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.tx
    }
}

impl DerefMut for Change {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }
}
