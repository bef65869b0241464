//! What does a person see, in a test?

use std::{
    io::{self, Cursor, Write},
    sync::{Arc, Mutex, PoisonError},
};

use super::{Pastes, Voice};

/// What was written.
#[derive(Clone, Default)]
pub struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    /// All of it.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A voice that reads what is typed, and where its words and its events go.
pub fn voice(json: bool, typed: &str) -> (Voice, Screen, Screen) {
    let (words, events) = (Screen::default(), Screen::default());
    let input = Cursor::new(typed.as_bytes().to_vec());
    (Voice::new(json, Box::new(words.clone()), Box::new(events.clone()), Box::new(input)), words, events)
}

/// The same at a terminal, where a person pastes.
pub fn pasting(typed: &str) -> (Voice, Screen) {
    let (voice, words, _) = voice(false, typed);
    (Voice { pastes: Pastes::AtTerminal, ..voice }, words)
}
