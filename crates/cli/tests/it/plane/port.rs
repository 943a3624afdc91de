//! Ports that stay a plane's own while it is down.
//!
//! What the system hands out for port 0 it hands out again once it is free: to another test, whose server would then hear
//! what was meant for a plane that is about to come back. So ports come from below the system's range, and the processes
//! of tests begin at different places there.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below it are the ports of services.
const LOWEST: u32 = 10_000;

/// How many planes a process starts before its ports may meet those of the next one.
const APART: u32 = 7;

/// An address of this machine on which nobody listens.
pub(super) fn free() -> String {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let count = lowest_of_the_system().saturating_sub(LOWEST).max(1_000);
    loop {
        let number = GIVEN.fetch_add(1, Ordering::Relaxed);
        let place = std::process::id().wrapping_mul(APART).wrapping_add(number);
        let address = format!("127.0.0.1:{}", LOWEST + place % count);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

/// From where on the system hands out ports by itself (ip(7), `ip_local_port_range`).
fn lowest_of_the_system() -> u32 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let lowest = range.ok();
    let lowest = lowest.and_then(|range| range.split_whitespace().next()?.parse().ok());
    lowest.unwrap_or(32_768)
}
