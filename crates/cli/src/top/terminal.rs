//! The terminal while it is ours: raw, on its other screen, without a cursor; and given back however we end.

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a terminal is taken, for whoever must give it back without holding it: the hook of a panic.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Bytes that are sent at once: most pictures, so that a slow line does not show them in pieces.
const PICTURE: usize = 64 * 1024;

/// What is done to a terminal, so that tests can watch.
pub(crate) trait Modes {
    /// Keys come one by one and are not echoed.
    fn raw(&self) -> io::Result<()>;
    /// Back to lines.
    fn cooked(&self) -> io::Result<()>;
}

/// The terminal of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tty;

impl Modes for Tty {
    fn raw(&self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()
    }

    fn cooked(&self) -> io::Result<()> {
        crossterm::terminal::disable_raw_mode()
    }
}

/// Takes the terminal, and gives it back when dropped.
#[derive(Debug)]
pub(crate) struct Taken<M: Modes, W: Write> {
    modes: M,
    out: W,
    taken: bool,
}

impl<M: Modes, W: Write> Taken<M, W> {
    /// Takes it.
    pub(crate) fn take(modes: M, out: W) -> io::Result<Self> {
        let mut taken = Self {
            modes,
            out,
            taken: false,
        };
        taken.again()?;
        Ok(taken)
    }

    /// Takes it again after it was given back.
    pub(crate) fn again(&mut self) -> io::Result<()> {
        self.modes.raw()?;
        // From here on there is something to give back, also when the next step fails.
        self.taken = true;
        crossterm::execute!(
            self.out,
            crossterm::terminal::EnterAlternateScreen,
            crossterm::cursor::Hide
        )
    }

    /// Gives it back for a while. What cannot be undone is left as it is: nobody is there to be told.
    pub(crate) fn give_back(&mut self) {
        if std::mem::take(&mut self.taken) {
            restore(&self.modes, &mut self.out);
        }
    }
}

impl<M: Modes, W: Write> Drop for Taken<M, W> {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn restore(modes: &impl Modes, out: &mut impl Write) {
    // Cleared first, for terminals that have no other screen and for those that mix the two up when they are resized.
    let _ = crossterm::execute!(
        out,
        crossterm::terminal::Clear(crossterm::terminal::ClearType::All),
        crossterm::cursor::MoveTo(0, 0),
        crossterm::terminal::LeaveAlternateScreen,
        crossterm::cursor::Show
    );
    let _ = modes.cooked();
}

/// The terminal of this process, and what draws on it.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    taken: Taken<Tty, Stdout>,
}

impl Screen {
    /// Takes the terminal. From then on a panic gives it back before it says a word.
    pub(crate) fn open() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                if TAKEN.swap(false, Ordering::Relaxed) {
                    restore(&Tty, &mut io::stdout());
                }
                before(panic);
            }));
        });
        let taken = Taken::take(Tty, io::stdout())?;
        TAKEN.store(true, Ordering::Relaxed);
        let out = BufWriter::with_capacity(PICTURE, io::stdout());
        let terminal = Terminal::new(CrosstermBackend::new(out))?;
        Ok(Self { terminal, taken })
    }

    /// Draws one picture; only what changed is sent.
    pub(crate) fn draw(&mut self, view: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        // Terminals that know these marks show no half of a picture; the others pass them over.
        crossterm::queue!(
            self.terminal.backend_mut(),
            crossterm::terminal::BeginSynchronizedUpdate
        )?;
        self.terminal.draw(view)?;
        crossterm::execute!(
            self.terminal.backend_mut(),
            crossterm::terminal::EndSynchronizedUpdate
        )
    }

    /// Stops the process as Ctrl-Z does elsewhere, and takes the terminal again when the shell goes on with it.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        self.taken.give_back();
        TAKEN.store(false, Ordering::Relaxed);
        let stopped =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
        self.taken.again()?;
        TAKEN.store(true, Ordering::Relaxed);
        self.terminal.clear()?;
        stopped.map_err(io::Error::from)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        TAKEN.store(false, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;

    /// Writes down in which order a terminal is changed.
    #[derive(Clone, Debug, Default)]
    struct Watched(Rc<RefCell<Vec<u8>>>);

    impl Watched {
        fn note(&self, text: &str) {
            self.0.borrow_mut().extend_from_slice(text.as_bytes());
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.borrow().clone()).unwrap()
        }
    }

    impl Modes for Watched {
        fn raw(&self) -> io::Result<()> {
            self.note("<raw>");
            Ok(())
        }

        fn cooked(&self) -> io::Result<()> {
            self.note("<cooked>");
            Ok(())
        }
    }

    impl Write for Watched {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const TAKE: &str = "<raw>\u{1b}[?1049h\u{1b}[?25l";
    const GIVE: &str = "\u{1b}[2J\u{1b}[1;1H\u{1b}[?1049l\u{1b}[?25h<cooked>";

    #[test]
    fn a_panic_gives_the_terminal_back() {
        let watched = Watched::default();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _taken = Taken::take(watched.clone(), watched.clone()).unwrap();
            panic!("while it is taken");
        }));
        assert!(panicked.is_err());
        assert_eq!(watched.text(), format!("{TAKE}{GIVE}"));
    }

    #[test]
    fn it_is_given_back_once_and_can_be_taken_again() {
        let watched = Watched::default();
        let mut taken = Taken::take(watched.clone(), watched.clone()).unwrap();
        taken.give_back();
        taken.give_back();
        taken.again().unwrap();
        drop(taken);
        assert_eq!(watched.text(), format!("{TAKE}{GIVE}{TAKE}{GIVE}"));
    }
}
