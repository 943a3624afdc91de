//! Mistakes in the configuration end the start before anything is made, all told at once.

use crate::plane::{finish, portunus};
use tempfile::TempDir;

#[test]
fn a_mistaken_file_is_told_with_its_lines_and_nothing_is_made() {
    let home = TempDir::new().unwrap();
    let text = "lisen = \"127.0.0.1:1\"\n[door]\nworkers = 0\n";
    std::fs::write(home.path().join("portunus.toml"), text).unwrap();
    let mut command = portunus(home.path());
    command
        .args(["serve", "--config", "portunus.toml"])
        .env("PORTUNUS_LISTEN", "nowhere");
    let refused = finish(&mut command, "");
    assert_eq!(refused.code, 2, "{refused:?}");
    insta::assert_snapshot!(refused.err, @r#"
    error: the configuration has 3 problems

      portunus.toml:1: unknown key `lisen`
        fix: did you mean `listen`? Write `listen = "127.0.0.1:7070"`
      portunus.toml:3: `workers` must be a whole number of threads from 1 to 256, found 0
        fix: write `workers = 2`
      PORTUNUS_LISTEN: `nowhere` is no address to listen on
        fix: write an address and a port, such as 127.0.0.1:7070 or [::]:7070
    "#);
    assert!(!home.path().join("share").exists());
}

#[test]
fn an_address_in_use_is_told_with_the_way_out() {
    let home = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = finish(
        portunus(home.path()).args(["serve", "--listen", &address]),
        "",
    );
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("--listen"), "{refused:?}");
    assert!(!home.path().join("share").exists());
}
