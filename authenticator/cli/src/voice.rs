//! How does the program speak with people, and how with scripts?

use std::{
    io::{self, BufRead, BufReader, IsTerminal as _, Write},
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Sets the clipboard to nothing (Operating System Command 52 of xterm, which most terminals know).
const EMPTY_CLIPBOARD: &str = "\u{1b}]52;c;\u{7}";

/// Standard output and input. For scripts, events are JSON lines on standard output and all words for
/// people go to standard error.
pub struct Voice {
    json: bool,
    words: Mutex<Box<dyn Write + Send>>,
    events: Mutex<Box<dyn Write + Send>>,
    input: Mutex<Box<dyn BufRead + Send>>,
    secrets: Secrets,
    pastes: Pastes,
}

/// Whether what is read may come from a clipboard that the terminal can empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pastes {
    /// A person sits at a terminal, and both streams are its own.
    AtTerminal,
    /// A file, a pipe or a program of somebody.
    Elsewhere,
}

/// Where secrets are typed.
#[derive(Clone, Copy)]
enum Secrets {
    /// At the terminal of this process, whatever its standard input is, without showing them.
    Terminal,
    /// In the input.
    Input,
}

impl Voice {
    /// The streams of this process.
    pub fn of_process(json: bool) -> Self {
        let words: Box<dyn Write + Send> = if json { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
        let voice = Self::new(json, words, Box::new(io::stdout()), Box::new(BufReader::new(io::stdin())));
        let at_terminal = !json && io::stdin().is_terminal() && io::stdout().is_terminal();
        let pastes = if at_terminal { Pastes::AtTerminal } else { Pastes::Elsewhere };
        Self { secrets: Secrets::Terminal, pastes, ..voice }
    }

    /// Streams of the caller, secrets among them.
    pub fn new(
        json: bool,
        words: Box<dyn Write + Send>,
        events: Box<dyn Write + Send>,
        input: Box<dyn BufRead + Send>,
    ) -> Self {
        Self {
            json,
            words: Mutex::new(words),
            events: Mutex::new(events),
            input: Mutex::new(input),
            secrets: Secrets::Input,
            pastes: Pastes::Elsewhere,
        }
    }

    /// Says a sentence to the person.
    pub fn say(&self, text: &str) {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        // A closed pipe is no reason to stop in the middle of a ceremony.
        let _ = writeln!(words, "{text}").and_then(|()| words.flush());
    }

    /// Whether events go to standard output.
    pub fn is_for_scripts(&self) -> bool {
        self.json
    }

    /// A line of the result itself, for a script without `--json`.
    pub fn line(&self, text: &str) {
        if !self.json {
            self.say(text);
        }
    }

    /// Writes over the line that was written so last.
    pub fn redraw(&self, text: &str) {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write!(words, "\r\u{1b}[K{text}").and_then(|()| words.flush());
    }

    /// Asks the terminal to empty the clipboard (OSC 52), and says that somebody should look. Whether it does, no terminal says.
    pub fn empty_clipboard(&self) {
        if self.pastes == Pastes::Elsewhere {
            self.say("If you copied it, copy something else now: other programs can read the clipboard.");
            return;
        }
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write!(words, "{EMPTY_CLIPBOARD}").and_then(|()| words.flush());
        drop(words);
        self.say(
            "The terminal was asked to empty the clipboard, and not every one does: if you copied the text and can still paste \
             it, copy something else now. Other programs can read the clipboard.",
        );
    }

    /// Tells a script what happened: the fields of `event`, under the name `name`.
    pub fn event<T: Serialize>(&self, name: &str, event: &T) {
        if !self.json {
            return;
        }
        let mut line = Map::new();
        line.insert("event".to_owned(), name.into());
        if let Ok(Value::Object(fields)) = serde_json::to_value(event) {
            line.extend(fields);
        }
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(events, "{}", Value::Object(line)).and_then(|()| events.flush());
    }

    /// Tells what went wrong.
    pub fn fail(&self, failure: &Failure) {
        let mut text = sentence(&failure.to_string());
        if let Some(advice) = failure.advice() {
            text.push(' ');
            text.push_str(advice);
        }
        self.say(&clean(&text));
        let code = match failure {
            Failure::Authenticator(error) => error.code(),
            _ => None,
        };
        self.event(
            "error",
            &serde_json::json!({ "exit": failure.exit_code(), "code": code, "message": text }),
        );
    }

    /// Asks a question and reads a line; `None` at the end of the input.
    pub fn ask(&self, question: &str) -> Option<String> {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write!(words, "{question}").and_then(|()| words.flush());
        drop(words);
        let mut line = String::new();
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        match input.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }

    /// Asks for a secret at the terminal, without showing it.
    pub fn secret(&self, question: &str) -> Result<Zeroizing<String>, Failure> {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write!(words, "{question}").and_then(|()| words.flush());
        drop(words);
        let typed = match self.secrets {
            Secrets::Terminal => rpassword::read_password(),
            Secrets::Input => {
                let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
                let mut typed = String::new();
                match input.read_line(&mut typed) {
                    Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                    read => read.map(|_| typed.trim_end().to_owned()),
                }
            }
        };
        typed.map(Zeroizing::new).map_err(|_| {
            Failure::Secret(
                "There is no terminal to type a secret at: use --passphrase-file and --pin-file.".to_owned(),
            )
        })
    }

    /// Asks for a new secret, until it was typed alike twice.
    pub fn secret_twice(&self, first: &str, again: &str) -> Result<Zeroizing<String>, Failure> {
        loop {
            let secret = self.secret(first)?;
            if secret == self.secret(again)? {
                return Ok(secret);
            }
            self.say("The two are not alike. Once more, please.");
        }
    }
}

/// The texts of errors begin in lower case, so that they can stand in others.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// A text of somebody else for the terminal. Control characters could move the cursor and rewrite what
/// stands above, marks of writing direction could turn a name around: both are shown as `�`.
pub fn clean(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
            || matches!(c, '\u{FEFF}' | '\u{061C}')
    };
    text.chars().map(|c| if hidden(c) { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
pub mod screen;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escape_injection() {
        assert_eq!(clean("Fire\u{1b}[2Jfox\n\u{202e}gnp"), "Fire�[2Jfox��gnp");
    }

    #[test]
    fn errors_are_sentences() {
        assert_eq!(sentence("the code is damaged"), "The code is damaged.");
        assert_eq!(sentence("Already one."), "Already one.");
        assert_eq!(sentence("état"), "État.");
    }
}
