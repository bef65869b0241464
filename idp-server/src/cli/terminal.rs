//! How does the program talk to whoever runs it?

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

/// The longest line that is read as a password, in bytes.
const MAX_LINE: u64 = 4_096;

/// Prints a line. If nobody listens any more (`| head`), that is no trouble.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Says what went wrong.
pub(super) fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "idp-server: {sentence}");
}

/// Asks for a new password: twice at a terminal, once from a pipe. Never from the arguments, which every user of the
/// computer can see.
pub(super) fn new_password() -> anyhow::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let ask = |prompt| rpassword::prompt_password(prompt).map(Zeroizing::new).context("nothing was typed");
    let password = ask("New password: ")?;
    if *ask("Once more: ")? != *password {
        bail!("the two are not the same; nothing was changed");
    }
    Ok(password)
}

/// Asks for two codes of a token: at a terminal, or two lines from a pipe.
pub(super) fn two_codes() -> anyhow::Result<[String; 2]> {
    let is_terminal = io::stdin().is_terminal();
    let ask = |prompt: &str| {
        if is_terminal {
            rpassword::prompt_password(prompt).map(Zeroizing::new).context("nothing was typed")
        } else {
            line()
        }
    };
    let first = ask("A code of the token: ")?;
    Ok([first.to_string(), ask("The next one: ")?.to_string()])
}

fn line() -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    io::stdin().lock().take(MAX_LINE).read_line(&mut text).context("standard input cannot be read")?;
    let password = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if password.is_empty() {
        bail!("there is nothing on standard input");
    }
    Ok(password)
}

/// Prints rows as a table with aligned columns.
pub(super) fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let widths: Vec<usize> = (0..N).map(|column| width(&rows, column)).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        say(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn width<const N: usize>(rows: &[[String; N]], column: usize) -> usize {
    rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
}

/// A time as UTC, `2026-03-01 08:30`.
pub(super) fn date(time: idp_core::Time) -> String {
    let date = chrono::DateTime::from_timestamp(time.0, 0);
    date.map_or_else(|| "-".to_owned(), |date| date.format("%Y-%m-%d %H:%M").to_string())
}
