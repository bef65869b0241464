//! How does an honest input become a hostile one? By seeded mutations: the same seed makes the same inputs.

/// What attackers write: schemes, look-alikes, direction marks, separators, and what parsers trip over.
const TOKENS: [&str; 32] = [
    "javascript:",
    "data:",
    "file://",
    "http://",
    "HTTPS://",
    "//",
    "\\",
    "@",
    ":",
    "#",
    "?",
    "/",
    "..",
    "%2e",
    "%00",
    ".evil.example",
    "id.example.org",
    "ID.EXAMPLE.ORG.",
    "ıd.example.org",
    "xn--d-tma",
    "。",
    "\u{202e}",
    "\u{200b}",
    "\t",
    "\r\n",
    "\0",
    ":443",
    ":0",
    "[::1]",
    "\"",
    "{",
    "=",
];

/// A source of mutations (xorshift64*).
pub struct Mutator(u64);

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap_or_default().checked_rem(end).unwrap_or_default()
    }

    /// One of the corpus with one to four changes.
    pub fn of(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.pick(corpus);
        for _ in 0..=self.below(4) {
            self.change(&mut input, corpus);
        }
        input
    }

    fn pick(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        corpus.get(self.below(corpus.len())).cloned().unwrap_or_default()
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len().saturating_add(1));
        let end = at.saturating_add(self.below(8)).min(input.len());
        match self.below(8) {
            0 => {
                let bit = 1 << self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => input.truncate(at),
            2 => drop(input.drain(at..end)),
            3 => input.insert(at, u8::try_from(self.below(256)).unwrap_or_default()),
            4 => {
                let other = self.pick(corpus);
                let from = self.below(other.len());
                input.truncate(at);
                input.extend(other.into_iter().skip(from));
            }
            5 if self.below(64) == 0 => {
                let piece = input.get(at..end).unwrap_or_default().repeat(4_096);
                input.splice(at..at, piece);
            }
            _ => {
                let token = TOKENS.get(self.below(TOKENS.len())).copied().unwrap_or_default();
                let end = if self.below(2) == 0 { at } else { end };
                input.splice(at..end, token.bytes());
            }
        }
    }
}
