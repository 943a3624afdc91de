//! What goes wrong at the provider, and when: the kinds of trouble that real ones make, before the first word.

use super::cast::KEYS;
use super::voice::{Mood, Voice};
use portunus_testkit::provider::answer::ErrorKind;
use portunus_testkit::{Answer, FakeProvider, Seeded};
use std::time::Duration;
use tokio::time::Instant;

/// Makes small trouble at random moments and one dead key, until the last question's hour.
pub(super) async fn happen(
    provider: &FakeProvider,
    voice: &Voice,
    length: Duration,
    mut chance: Seeded,
) {
    let began = Instant::now();
    let ends = began + length;
    let dies_at = began + length.mul_f64(0.65);
    let mut alive = true;
    loop {
        let pause = Duration::from_millis(900 + chance.below(1400));
        tokio::time::sleep(pause).await;
        let now = Instant::now();
        if now >= ends {
            return;
        }
        if alive && now >= dies_at {
            alive = false;
            kill_a_key(provider, voice);
        } else {
            trouble(provider, voice, &mut chance);
        }
    }
}

/// The provider refuses everything from here on.
pub(super) fn refuse_everything(provider: &FakeProvider, voice: &Voice) {
    for part in KEYS {
        provider
            .key(part.secret)
            .always(Answer::error(401, ErrorKind::Authentication));
    }
    voice.say(
        Mood::Trouble,
        "provider",
        "refuses everything from now on, as --break asked",
    );
}

fn kill_a_key(provider: &FakeProvider, voice: &Voice) {
    if let Some(part) = KEYS.iter().find(|part| part.label == "cedar") {
        provider.key(part.secret).always(Answer::dead_key());
        voice.say(
            Mood::Trouble,
            "provider",
            &format!("revokes the key behind {}:{}", part.pool, part.label),
        );
    }
}

fn trouble(provider: &FakeProvider, voice: &Voice, chance: &mut Seeded) {
    let (Some(part), kind) = (chance.pick(&KEYS), chance.below(4)) else {
        return;
    };
    let (answer, words) = match kind {
        0 => (Answer::overloaded(), "will be overloaded for the next call"),
        1 => (
            Answer::overloaded_in_stream(),
            "will be overloaded after a 200",
        ),
        2 => (
            Answer::dies_before_headers(),
            "will hang up on the next call",
        ),
        _ => (Answer::html(502), "will answer the next call with HTML"),
    };
    provider.key(part.secret).script([answer]);
    voice.say(
        Mood::Trouble,
        "provider",
        &format!("behind {}:{} {words}", part.pool, part.label),
    );
}
