//! Which files are opened, and what is said of the others.

use crate::child;
use crate::place::Place;
use portunus_store::Store;
use portunus_store::conformance::sample::{event, pool};
use portunus_store_sql::{OpenError, SqliteStore};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

async fn refused(place: &Place) -> OpenError {
    SqliteStore::open(&place.file()).await.unwrap_err()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A closed database with one pool in it.
async fn filled() -> Place {
    let place = Place::new();
    let store = place.open().await;
    let happened = event("pool.created", "main");
    store
        .create_pool(&pool(1, "main"), &happened)
        .await
        .unwrap();
    store.close().await;
    place
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let place = filled().await;
    let wal = place.file().with_extension("db-wal");
    assert!(!wal.exists(), "closing folds the log into the file");
    let store = place.open().await;
    assert_eq!(store.pools().await.unwrap(), vec![pool(1, "main")]);
}

#[tokio::test]
async fn all_files_are_private_under_any_umask() {
    let place = Place::new();
    let role = "opening::a_child_that_writes_and_looks_at_the_modes";
    let said = child::finish(child::start(role, &place.file(), "000"));
    assert_eq!(said, ["600 600 600"]);
}

#[tokio::test]
async fn a_child_that_writes_and_looks_at_the_modes() {
    let Some(file) = child::file() else { return };
    let store = SqliteStore::open(&file).await.unwrap();
    let happened = event("pool.created", "main");
    store
        .create_pool(&pool(1, "main"), &happened)
        .await
        .unwrap();
    store.ping().await.unwrap();
    let modes = ["db", "db-wal", "db-shm"].map(|end| mode(&file.with_extension(end)));
    let [db, wal, shm] = modes;
    child::say(&format!("{db:o} {wal:o} {shm:o}"));
}

#[tokio::test]
async fn a_file_that_others_may_read_is_refused() {
    let place = filled().await;
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o640)).unwrap();
    let error = refused(&place).await;
    assert!(
        matches!(error, OpenError::LoosePermissions { mode: 0o640, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let place = Place::new();
    let error = SqliteStore::open(&place.file().join("plane.db"))
        .await
        .unwrap_err();
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("plane.db"), "{error}");
}

fn overwrite(place: &Place, bytes: &[u8]) {
    fs::write(place.file(), bytes).unwrap();
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let place = Place::new();
    let text = b"[server]\nlisten = \"127.0.0.1:7070\"\n".repeat(200);
    overwrite(&place, &text);
    let error = refused(&place).await;
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
    assert_eq!(fs::read(place.file()).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let place = Place::new();
    overwrite(&place, b"");
    place
        .sql("CREATE TABLE bookmarks (url TEXT)")
        .await
        .unwrap();
    let before = fs::read(place.file()).unwrap();
    let error = refused(&place).await;
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_database_is_refused_with_the_way_out() {
    let place = filled().await;
    let mut bytes = fs::read(place.file()).unwrap();
    // All pages but the first: the header is whole, the tables are not.
    for byte in &mut bytes[4096..] {
        *byte = 0xa5;
    }
    overwrite(&place, &bytes);
    let error = refused(&place).await;
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("restore a backup"), "{error}");

    bytes.truncate(6_000);
    overwrite(&place, &bytes);
    let error = refused(&place).await;
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn damage_inside_one_table_is_found_at_the_start() {
    let place = filled().await;
    let page = "SELECT (rootpage - 1) * 4096 FROM sqlite_schema WHERE name = 'pools'";
    let at = usize::try_from(place.number(page).await).unwrap();
    let mut bytes = fs::read(place.file()).unwrap();
    bytes[at..at + 4096].fill(0xa5);
    overwrite(&place, &bytes);
    let error = refused(&place).await;
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_refused() {
    let place = filled().await;
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (99, 'later', true, x'00', 0)";
    place.sql(newer).await.unwrap();
    let error = refused(&place).await;
    assert!(
        matches!(error, OpenError::NewerSchema { version: 99, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_database_of_an_altered_schema_is_refused() {
    let place = filled().await;
    let altered = "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1";
    place.sql(altered).await.unwrap();
    let error = refused(&place).await;
    assert!(
        matches!(error, OpenError::AlteredSchema { version: 1, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn damage_met_later_is_an_error_and_no_panic() {
    let place = filled().await;
    let store = place.open().await;
    place
        .sql("UPDATE pools SET protocol = 'telepathy'")
        .await
        .unwrap();
    let error = store.pools().await.unwrap_err();
    let expected = "the store is unavailable: the database holds an unreadable protocol";
    assert_eq!(error.to_string(), expected);
}
