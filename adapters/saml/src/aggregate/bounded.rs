//! How much is read at most, at once and altogether, and in which line?

use std::io::{self, BufRead, Read};

use super::{AggregateProblem, MAX_TOKEN};

/// Lets through so much and no more. The parser keeps one token in memory, however long: without a bound in front of it, a tag
/// that never ends would fill the memory.
pub(super) struct Bounded<R> {
    inner: R,
    limit: u64,
    rest: u64,
    token: u64,
    line: u64,
    exceeded: Option<Exceeded>,
}

#[derive(Clone, Copy)]
enum Exceeded {
    Token,
    All,
}

impl<R: BufRead> Bounded<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self { inner, limit, rest: limit, token: MAX_TOKEN, line: 1, exceeded: None }
    }

    pub(super) fn begin_token(&mut self) {
        self.token = MAX_TOKEN;
    }

    /// The line in which the next byte stands, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// What an error of the parser comes of.
    pub(super) fn problem(&self, error: quick_xml::Error) -> AggregateProblem {
        match (self.exceeded, error) {
            (Some(Exceeded::Token), _) => AggregateProblem::Token,
            (Some(Exceeded::All), _) => AggregateProblem::Size(self.limit),
            (None, quick_xml::Error::Io(error)) => AggregateProblem::Io(error),
            (None, quick_xml::Error::Encoding(_)) => AggregateProblem::NotUtf8,
            (None, _) => AggregateProblem::NotWellFormed,
        }
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = self.inner.fill_buf()?;
        let allowed = self.rest.min(self.token);
        if !available.is_empty() && allowed == 0 {
            self.exceeded = Some(if self.rest == 0 { Exceeded::All } else { Exceeded::Token });
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let length = usize::try_from(allowed).unwrap_or(usize::MAX).min(available.len());
        Ok(available.get(..length).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        // What was filled is still there, so nothing is read here.
        if let Ok(passed) = self.inner.fill_buf() {
            let breaks = passed.iter().take(amount).filter(|byte| **byte == b'\n').count();
            self.line = self.line.saturating_add(u64::try_from(breaks).unwrap_or(u64::MAX));
        }
        let passed = u64::try_from(amount).unwrap_or(u64::MAX);
        self.rest = self.rest.saturating_sub(passed);
        self.token = self.token.saturating_sub(passed);
        self.inner.consume(amount);
    }
}
