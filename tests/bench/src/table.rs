//! How are the figures printed? As a table that can be put into a document.

use std::io::Write as _;

use crate::measure::Spread;

/// A line of the table.
pub struct Line {
    pub name: String,
    /// The figure, and its unit.
    pub value: Spread,
    pub unit: &'static str,
    /// Its share of the raw limit, and what that is.
    pub share: Option<(Spread, String)>,
    /// Which share of its core the server took.
    pub busy: Option<f64>,
}

/// A line for people, while they wait.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// What went wrong.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "bench: {text}");
}

/// The head of the table.
pub fn head(title: &str) {
    say(&format!("\n{title}"));
    let columns = ("median (least-most)", "core", "each", "share of the raw limit");
    say(&format!("{:<32} {:>24} {:>6} {:>8}  {}", "", columns.0, columns.1, columns.2, columns.3));
}

impl Line {
    /// Prints it.
    pub fn say(&self) {
        let Spread { least, median, most } = self.value;
        let value = format!("{} ({}-{}) {}", number(median), number(least), number(most), self.unit);
        let busy = self.busy.map_or_else(String::new, |busy| format!("{:.0} %", busy * 100.0));
        let each = self.busy.map_or_else(String::new, |busy| format!("{:.2} ms", busy * 1000.0 / median));
        let share = self.share.as_ref().map_or_else(String::new, |(of, limit)| {
            let percent = |share: f64| format!("{:.1}", share * 100.0);
            format!("{} % ({}-{}) of {limit}", percent(of.median), percent(of.least), percent(of.most))
        });
        say(format!("{:<32} {value:>24} {busy:>6} {each:>8}  {share}", self.name).trim_end());
    }
}

fn number(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}
