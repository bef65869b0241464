//! In which line does a byte stand?

/// Counts lines from where it last stood, so that a whole document is counted once.
pub(super) struct Lines<'i> {
    text: &'i [u8],
    at: usize,
    line: u32,
}

impl<'i> Lines<'i> {
    pub(super) fn of(text: &'i str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    /// The line of this byte, from 1.
    pub(super) fn at(&mut self, at: usize) -> u32 {
        let at = at.min(self.text.len());
        if at < self.at {
            (self.at, self.line) = (0, 1);
        }
        let passed = self.text.get(self.at..at).unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.at = at;
        self.line
    }
}
