//! Skims a JSON object: checks all of it, and tells where its top-level fields lie.
//!
//! It takes what `serde_json` takes, at several times the speed: nearly all bytes of a request are text in strings, and of
//! those only the few are looked at that could end one. Why something is refused, `serde_json` says better.

mod open;
mod string;
#[cfg(test)]
mod tests;
mod text;

use fearless_simd::{Level, Simd, dispatch};
use open::{Container, Open};
use std::sync::LazyLock;
use string::Strings;
use text::Text;

/// No object, or no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// One top-level field, as it is written: its name with its quotes, and its value.
pub(super) type Written<'a> = (&'a [u8], &'a [u8]);

/// What the processor can do.
static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// Gives `each` the fields of the object that is all of `body`. What it was given counts only when all is well.
pub(super) fn fields<'a>(body: &'a [u8], mut each: impl FnMut(Written<'a>)) -> Result<(), Refused> {
    let beyond_ascii = dispatch!(*LEVEL, simd => skim(simd, body, &mut each)).ok_or(Refused)?;
    if beyond_ascii && std::str::from_utf8(body).is_err() {
        return Err(Refused);
    }
    Ok(())
}

/// Whether the body has bytes beyond ASCII, which were not looked at; `None` when it is no JSON object otherwise.
///
/// One loop without calls, each step of it in the loop once: that, and not the number of steps, makes it fast.
#[inline(always)]
fn skim<'a, S: Simd>(simd: S, body: &'a [u8], each: &mut impl FnMut(Written<'a>)) -> Option<bool> {
    let mut strings = Strings::new(simd, body);
    let mut text = Text::new(body);
    let mut open = Open::default();
    let mut field = TopField::default();
    text.expect(b'{')?;
    open.push(Container::Object);
    // What comes next: a value, or a field's name if `naming`; neither need come if the container has just begun.
    let (mut naming, mut begun) = (true, true);
    while open.depth() > 0 {
        let next = text.next();
        if next == b'"' {
            let start = text.at();
            text.go_to(strings.end(start)?);
            if naming {
                let end = text.at();
                text.expect(b':')?;
                if open.depth() == 1 {
                    text.next();
                    field = TopField {
                        name: (start, end),
                        value: text.at(),
                    };
                }
                (naming, begun) = (false, false);
                continue;
            }
        } else if begun && next == open.closing() {
            text.step();
            open.pop();
            if open.depth() == 0 {
                break;
            }
        } else if naming {
            return None;
        } else if next == b'{' || next == b'[' {
            text.step();
            naming = next == b'{';
            begun = true;
            open.push(if naming {
                Container::Object
            } else {
                Container::Array
            });
            continue;
        } else {
            text.scalar(next)?;
        }
        begun = false;
        // Behind a value, which may end what it lies in, and so on.
        while open.depth() > 0 {
            if open.depth() == 1 {
                each(field.written(body, text.at())?);
            }
            let next = text.next();
            text.step();
            if next == b',' {
                naming = open.closing() == b'}';
                break;
            }
            if next != open.closing() {
                return None;
            }
            open.pop();
        }
    }
    text.next();
    (text.at() == body.len()).then_some(strings.beyond_ascii())
}

/// Where the top-level field lies that is being read.
#[derive(Default)]
struct TopField {
    name: (usize, usize),
    /// Where its value begins.
    value: usize,
}

impl TopField {
    #[inline(always)]
    fn written<'a>(&self, body: &'a [u8], end: usize) -> Option<Written<'a>> {
        Some((
            body.get(self.name.0..self.name.1)?,
            body.get(self.value..end)?,
        ))
    }
}
