//! From what the database said to what the caller is told.

use portunus_store::StoreError;

/// Why a transaction did not happen: a judgement of ours, or the database's.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(StoreError),
    Sql(sqlx::Error),
    /// A stored value that this release cannot read.
    Malformed(&'static str),
}

pub(crate) type Attempt<T> = Result<T, Failure>;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Sql(error) => of_database(&error),
            Failure::Malformed(column) => {
                Self::Unavailable(format!("the database holds an unreadable {column}"))
            }
        }
    }
}

/// Names and secrets are compared before they are written, so a constraint that still fires caught an identifier
/// used twice, or a reference to what is gone. SQLite's messages name columns and never values.
fn of_database(error: &sqlx::Error) -> StoreError {
    use sqlx::error::ErrorKind;
    match error.as_database_error().map(|e| e.kind()) {
        Some(ErrorKind::UniqueViolation) => {
            StoreError::Inconsistent("the identifier exists already")
        }
        Some(ErrorKind::ForeignKeyViolation) => StoreError::NotFound,
        Some(ErrorKind::CheckViolation | ErrorKind::NotNullViolation) => {
            StoreError::Inconsistent("the record contradicts the schema")
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}
