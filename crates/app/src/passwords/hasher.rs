//! Hashes passwords: argon2id on a few threads of its own, behind a queue that is full before it is long.
//!
//! A hash takes tens of milliseconds and 19 MiB, so it runs neither on the door's threads nor on those of the control
//! API; and however many passwords come, no more than [`THREADS`] are hashed at once. Who finds the queue full is told so.

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use parking_lot::Mutex;
use portunus_core::password::PasswordHash;
use portunus_core::secret::Secret;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// How many are hashed at once.
const THREADS: usize = 2;
/// How many wait at most: about half a second's work.
const QUEUE: usize = 16;

/// argon2id with 19 MiB, 2 passes and 1 lane (OWASP Password Storage Cheat Sheet; RFC 9106 §4 has more for who has it).
const COSTS: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Nobody's hash, with the costs of everybody's: what a password for an unknown name is compared with, so that it takes
/// as long as a wrong one. No password has it.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why nothing was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashError {
    /// The queue is full.
    #[error("too many passwords wait to be looked at")]
    Busy,
    /// The hasher does not work: a defect, or a stored hash that is none.
    #[error("a password cannot be hashed")]
    Broken,
}

/// What one of the threads is asked for.
enum Work {
    Compare {
        password: Secret,
        with: Option<PasswordHash>,
        answer: oneshot::Sender<Result<bool, HashError>>,
    },
    Make {
        password: Secret,
        salt: [u8; 16],
        answer: oneshot::Sender<Result<PasswordHash, HashError>>,
    },
}

/// See the module. Its threads start with the first password and end with it.
pub(crate) struct Hasher {
    key: Arc<Zeroizing<[u8; 32]>>,
    queue: OnceLock<SyncSender<Work>>,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hasher(..)")
    }
}

impl Hasher {
    /// Hashes are made with `key` beside the salt.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self {
            key: Arc::new(Zeroizing::new(*key)),
            queue: OnceLock::new(),
        }
    }

    /// Whether it is the password of this hash. Without a hash it is not, and takes as long.
    pub(crate) async fn compare(
        &self,
        password: Secret,
        with: Option<PasswordHash>,
    ) -> Result<bool, HashError> {
        let (answer, told) = oneshot::channel();
        self.ask(Work::Compare {
            password,
            with,
            answer,
        })?;
        told.await.unwrap_or(Err(HashError::Broken))
    }

    /// The hash of a new password.
    pub(crate) async fn make(
        &self,
        password: Secret,
        salt: [u8; 16],
    ) -> Result<PasswordHash, HashError> {
        let (answer, told) = oneshot::channel();
        self.ask(Work::Make {
            password,
            salt,
            answer,
        })?;
        told.await.unwrap_or(Err(HashError::Broken))
    }

    fn ask(&self, work: Work) -> Result<(), HashError> {
        let queue = self.queue.get_or_init(|| open(&self.key));
        queue.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => HashError::Busy,
            TrySendError::Disconnected(_) => HashError::Broken,
        })
    }
}

fn open(key: &Arc<Zeroizing<[u8; 32]>>) -> SyncSender<Work> {
    let (queue, waiting) = sync_channel(QUEUE);
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..THREADS {
        let (key, waiting) = (Arc::clone(key), Arc::clone(&waiting));
        let thread = std::thread::Builder::new().name("passwords".to_owned());
        if let Err(error) = thread.spawn(move || labour(&key, &waiting)) {
            tracing::error!(%error, "no thread for passwords");
        }
    }
    queue
}

fn labour(key: &[u8; 32], waiting: &Mutex<Receiver<Work>>) {
    loop {
        let next = waiting.lock().recv();
        match next {
            Ok(Work::Compare {
                password,
                with,
                answer,
            }) if !answer.is_closed() => {
                let _ = answer.send(compare(key, &password, with.as_ref()));
            }
            Ok(Work::Make {
                password,
                salt,
                answer,
            }) if !answer.is_closed() => {
                let _ = answer.send(make(key, &password, &salt));
            }
            // Who asked has left.
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

fn argon2(key: &[u8; 32]) -> Result<Argon2<'_>, HashError> {
    let (memory, passes, lanes) = COSTS;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| HashError::Broken)?;
    let made = Argon2::new_with_secret(key, Algorithm::Argon2id, Version::V0x13, params);
    made.map_err(|_| HashError::Broken)
}

fn compare(
    key: &[u8; 32],
    password: &Secret,
    with: Option<&PasswordHash>,
) -> Result<bool, HashError> {
    let text = with.map_or(NOBODYS, PasswordHash::as_phc);
    let phc = Phc::new(text).map_err(|_| HashError::Broken)?;
    let password = password.expose().as_bytes();
    let is_equal = argon2(key)?.verify_password(password, &phc).is_ok();
    Ok(is_equal && with.is_some())
}

fn make(key: &[u8; 32], password: &Secret, salt: &[u8; 16]) -> Result<PasswordHash, HashError> {
    let made = argon2(key)?.hash_password_with_salt(password.expose().as_bytes(), salt);
    let made = made.map_err(|_| HashError::Broken)?;
    Ok(PasswordHash::from_phc(made.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_under_the_same_key() {
        let hasher = Hasher::new(&[7; 32]);
        let made = hasher.make(secret("correct horse"), [1; 16]).await.unwrap();
        let text = made.as_phc();
        assert!(
            text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{text}"
        );
        assert!(!text.contains("horse"));
        let right = hasher.compare(secret("correct horse"), Some(made.clone()));
        assert_eq!(right.await, Ok(true));
        let wrong = hasher.compare(secret("correct house"), Some(made.clone()));
        assert_eq!(wrong.await, Ok(false));
        let elsewhere = Hasher::new(&[8; 32]);
        let wrong = elsewhere.compare(secret("correct horse"), Some(made));
        assert_eq!(wrong.await, Ok(false));
        assert_eq!(hasher.compare(secret("anything"), None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_full_queue_is_told_and_nobody_hangs() {
        let hasher = Arc::new(Hasher::new(&[7; 32]));
        let asked = (0..100).map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.compare(secret("anything"), None).await })
        });
        let asked: Vec<_> = asked.collect();
        let (mut busy, mut done) = (0, 0);
        for one in asked {
            match one.await.unwrap() {
                Ok(false) => done += 1,
                Err(HashError::Busy) => busy += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(done >= QUEUE, "{done}");
        assert!(busy > 0 && busy + done == 100, "{busy} and {done}");
        assert_eq!(hasher.compare(secret("anything"), None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_stored_hash_that_is_none_is_told() {
        let hasher = Hasher::new(&[7; 32]);
        let broken = PasswordHash::from_phc("plain".to_owned());
        let asked = hasher.compare(secret("plain"), Some(broken)).await;
        assert_eq!(asked, Err(HashError::Broken));
    }
}
