//! A connection that breaks between broker and plane while an answer is awaited: the broker comes back for it, and the provider
//! is asked once.

use super::stage::Brokered;
use crate::plane::{Plane, comes_true};
use portunus_testkit::{Answer, FakeProvider, Gate};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Hands bytes on between a broker and a plane until it cuts everything.
struct Cable {
    url: String,
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cable {
    fn lay(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (to, ends) = (to.trim_start_matches("http://").to_owned(), Arc::default());
        let kept: Arc<Mutex<Vec<TcpStream>>> = Arc::clone(&ends);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&to) else {
                    continue;
                };
                kept.lock()
                    .unwrap()
                    .extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                let (back_near, back_far) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || carry(near, far));
                std::thread::spawn(move || carry(back_far, back_near));
            }
        });
        Self { url, ends }
    }

    fn cut(&self) {
        for end in self.ends.lock().unwrap().drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn p10_a_call_whose_connection_broke_is_made_once() {
    let provider = FakeProvider::start().unwrap();
    let gate = Gate::closed();
    provider.anyone().always(Answer::ok().held_by(&gate));
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-ant-a", &provider.base_url());
    let token = plane.create_agent("mayor");
    let cable = Cable::lay(&plane.url);
    let brokered = Brokered::start_at(&plane, &cable.url, "mayor", &token, &[]);
    let body = r#"{"model":"claude-haiku-4-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;
    let answer = std::thread::scope(|scope| {
        let asking = scope.spawn(|| brokered.ask("POST", "/v1/messages", Some(body)));
        assert!(comes_true(|| provider.seen().len() == 1));
        cable.cut();
        gate.open();
        asking.join().unwrap()
    });
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(provider.seen().len(), 1, "the call was made again");
}
