//! The bytes of JSON between its strings: white space, signs, numbers and words.

pub(super) struct Text<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Text<'a> {
    #[inline(always)]
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    #[inline(always)]
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    #[inline(always)]
    pub(super) const fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    #[inline(always)]
    pub(super) const fn step(&mut self) {
        self.at += 1;
    }

    /// The byte behind any white space, which stays where it is; 0 at the end.
    #[inline(always)]
    pub(super) fn next(&mut self) -> u8 {
        loop {
            match self.byte() {
                byte @ b'!'.. => return byte,
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return byte,
            }
        }
    }

    /// Passes over white space and this byte.
    #[inline(always)]
    pub(super) fn expect(&mut self, byte: u8) -> Option<()> {
        let found = self.next();
        self.at += 1;
        (found == byte).then_some(())
    }

    /// Passes over a word or a number that begins with `first`.
    #[inline(always)]
    pub(super) fn scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let rest = self.body.get(self.at..)?;
        self.at += word.len();
        rest.starts_with(word).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        self.skip_one(b"-");
        if !self.skip_one(b"0") {
            self.digits()?;
        }
        if self.skip_one(b".") {
            self.digits()?;
        }
        if self.skip_one(b"eE") {
            self.skip_one(b"+-");
            self.digits()?;
        }
        Some(())
    }

    /// Passes over one byte if it is one of these.
    fn skip_one(&mut self, bytes: &[u8]) -> bool {
        let is_there = bytes.contains(&self.byte());
        self.at += usize::from(is_there);
        is_there
    }

    /// Passes over one digit or more.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// 0 at the end; it begins nothing and belongs nowhere.
    #[inline(always)]
    fn byte(&self) -> u8 {
        self.body.get(self.at).copied().unwrap_or_default()
    }
}
