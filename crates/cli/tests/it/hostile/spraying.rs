//! Tokens thrown at the plane: random ones, well-formed ones, wrong secrets on a real kid, from one address and from many.
//! The agent at the same address notices nothing, and the database is asked nothing.

use crate::plane::{Plane, request};
use std::collections::BTreeSet;

/// Randomness that repeats, of 64 bits at a time (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn word(&mut self, length: usize) -> String {
        const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut digit = || DIGITS[usize::try_from(self.roll() % 62).unwrap()];
        (0..length).map(|_| char::from(digit())).collect()
    }
}

/// The text with the checksum that tokens end with: six digits to the base of 62.
fn checked(text: &str) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut rest = !crc;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    format!("{text}{}", std::str::from_utf8(&digits).unwrap())
}

/// A token that is none, of one of four kinds in turn.
fn made_up(dice: &mut Dice, real: &str, number: usize) -> String {
    match number % 4 {
        0 => dice.word(71),
        1 => format!("ptna_{}", dice.word(71)),
        2 => checked(&format!("ptna_{}", dice.word(65))),
        // The real kid, and a secret that is not its own.
        _ => checked(&format!("{}{}", &real[..27], dice.word(43))),
    }
}

fn whoami(plane: &Plane, token: &str, from: Option<&str>) -> u16 {
    let credential = format!("Bearer {token}");
    let mut headers = vec![("authorization", credential.as_str())];
    headers.extend(from.map(|address| ("x-forwarded-for", address)));
    request(&plane.url, "GET", "/api/v1/whoami", &headers, None).status
}

/// A series of the metrics page that has no labels.
fn metric(plane: &Plane, name: &str) -> String {
    let page = plane.ask(&plane.operator, "GET", "/metrics", None).body;
    let mut lines = page.lines().filter_map(|line| line.split_once(' '));
    let found = lines.find(|(series, _)| *series == name);
    found.unwrap_or_else(|| panic!("no {name}")).1.to_owned()
}

#[test]
fn p1_spraying_from_the_same_address_costs_the_agent_nothing_and_the_database_no_read() {
    // The agent's own quota is not in question here.
    let plane = Plane::start_configured("[limits]\nvital_per_minute = 0\n");
    let valid = plane.create_agent("mayor");
    let mut dice = Dice(1);
    for number in 0..800 {
        let token = made_up(&mut dice, &valid, number);
        assert_eq!(whoami(&plane, &token, None), 401, "{token}");
        if number % 8 == 0 {
            assert_eq!(whoami(&plane, &valid, None), 200, "after {number}");
        }
    }
    assert_eq!(metric(&plane, "portunus_token_reads_total"), "0");
    assert_eq!(metric(&plane, "portunus_sources_penalised"), "1");
}

#[test]
fn p1_spraying_from_many_addresses_penalises_them_and_nobody_else() {
    let plane = Plane::start_configured("trusted_proxies = [\"127.0.0.0/8\"]\n");
    let valid = plane.create_agent("mayor");
    let mut dice = Dice(2);
    let mut addresses = BTreeSet::new();
    for number in 0..600 {
        let token = made_up(&mut dice, &valid, number);
        let [a, b, c, ..] = dice.roll().to_be_bytes();
        // The agent's own address is among them.
        let address = match number % 3 {
            0 => "203.0.113.7".to_owned(),
            1 => format!("198.51.{a}.{b}"),
            _ => format!("2001:db8:{a:x}{b:02x}:{c:x}::1"),
        };
        assert_eq!(whoami(&plane, &token, Some(&address)), 401, "{token}");
        addresses.insert(address);
    }
    assert_eq!(whoami(&plane, &valid, Some("203.0.113.7")), 200);
    assert_eq!(metric(&plane, "portunus_token_reads_total"), "0");
    let listed = plane.run("sources list --json --limit 200").well().json();
    let sources = listed["items"].as_array().unwrap();
    let penalised = |name: &str| {
        let source = sources.iter().find(|source| source["source"] == name);
        source.is_some_and(|source| source["penalised_until"].is_string())
    };
    assert!(penalised("203.0.113.7"), "{sources:#?}");
    assert!(addresses.len() > 300);
}

#[test]
fn a_token_that_ended_is_looked_up_once_however_often_it_comes() {
    let mut plane = Plane::start();
    let ended = plane.create_agent("mayor");
    plane.run("agents delete mayor").well();
    plane.crash_and_restart();
    for _ in 0..20 {
        assert_eq!(whoami(&plane, &ended, None), 401);
    }
    assert_eq!(metric(&plane, "portunus_token_reads_total"), "1");
}
