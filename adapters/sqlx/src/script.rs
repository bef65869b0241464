//! How does SQLite get all statements of a job at once?
//!
//! sqlx drives SQLite in a thread of its own, and the way there and back takes longer than most statements. So a job is
//! written down first, as if each of its guards held. Then all of it is run in one trip, and the same code goes over what
//! each statement really touched: that decides, and what was guessed decides nothing. If it leads another way than the one
//! that was run, nothing may come of it.

use futures::TryStreamExt as _;
use sqlx::{
    Arguments as _, AssertSqlSafe, Either, Executor as _, SqliteConnection, error::ErrorKind,
    sqlite::SqliteArguments,
};

use crate::{
    sql::Conn,
    work::{Outcome, Work},
};

/// The statements of a job: written down, and then with what each touched.
#[derive(Debug, Default)]
pub(crate) struct Script {
    statements: Vec<&'static str>,
    text: String,
    arguments: SqliteArguments,
    answers: Option<Answers>,
}

#[derive(Debug)]
struct Answers {
    touched: Vec<u64>,
    read: usize,
    strayed: bool,
}

impl Script {
    /// Does the work in one trip. `None` if it has to be done statement by statement; it may have left something behind
    /// then, as if a guard had not held.
    pub(crate) async fn perform(conn: &mut SqliteConnection, work: &Work) -> sqlx::Result<Option<Outcome>> {
        let mut script = Self::default();
        if work.apply(&mut Conn::Script(&mut script)).await?.is_err() {
            return Ok(None);
        }
        match script.run(conn).await {
            // A unique index may have stood for a guard, or a guard that did not hold let the statements behind it go
            // wrong.
            Err(sqlx::Error::Database(error)) if error.kind() != ErrorKind::Other => return Ok(None),
            ran => ran?,
        }
        let outcome = work.apply(&mut Conn::Script(&mut script)).await?;
        Ok(script.answers.is_some_and(|answers| answers.were_followed(outcome)).then_some(outcome))
    }

    /// Where the arguments of the next statement go, as long as it is being written down.
    pub(crate) fn statement(&mut self, sql: &'static str) -> Option<&mut SqliteArguments> {
        if self.answers.is_some() {
            return None;
        }
        number_behind(self.arguments.len(), sql, &mut self.text);
        self.statements.push(sql);
        Some(&mut self.arguments)
    }

    /// How many rows the statement touched; as long as nobody knows, one.
    pub(crate) fn touched(&mut self, sql: &'static str) -> u64 {
        let Some(answers) = &mut self.answers else { return 1 };
        let asked = self.statements.get(answers.read) == Some(&sql);
        let touched = answers.touched.get(answers.read).filter(|_| asked).copied();
        answers.read = answers.read.saturating_add(1);
        answers.strayed |= touched.is_none();
        touched.unwrap_or(0)
    }

    async fn run(&mut self, conn: &mut SqliteConnection) -> sqlx::Result<()> {
        let mut touched = Vec::with_capacity(self.statements.len());
        let (text, arguments) = (std::mem::take(&mut self.text), std::mem::take(&mut self.arguments));
        // The text is put together from statements of this crate alone.
        let mut ran = conn.fetch_many(sqlx::query_with(AssertSqlSafe(text), arguments));
        while let Some(answer) = ran.try_next().await? {
            if let Either::Left(done) = answer {
                touched.push(done.rows_affected());
            }
        }
        self.answers = Some(Answers { touched, read: 0, strayed: false });
        Ok(())
    }
}

impl Answers {
    /// Whether the code went the way that was run: to its end, or to a guard that did not hold.
    fn were_followed(&self, outcome: Outcome) -> bool {
        !self.strayed && (outcome.is_err() || self.read == self.touched.len())
    }
}

/// Adds a statement to a text with so many arguments, and numbers its own behind them.
fn number_behind(before: usize, sql: &str, text: &mut String) {
    let mut parts = sql.split('$');
    text.extend(parts.next());
    for part in parts {
        let (number, rest) = part.split_at(part.bytes().take_while(u8::is_ascii_digit).count());
        let number = number.parse::<usize>().unwrap_or(0).saturating_add(before);
        text.push('$');
        text.push_str(&number.to_string());
        text.push_str(rest);
    }
    text.push(';');
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "UPDATE a SET x = $2 WHERE id = $1 AND x < $2";
    const SECOND: &str = "DELETE FROM b WHERE id = $1";

    fn ran(touched: &[u64]) -> Script {
        let mut script = Script::default();
        for (sql, values) in [(FIRST, 2), (SECOND, 1)] {
            let arguments = script.statement(sql).expect("nothing was run yet");
            (0..values).for_each(|value| arguments.add(value).expect("a number is an argument"));
            assert_eq!(script.touched(sql), 1, "as if each guard held");
        }
        script.answers = Some(Answers { touched: touched.to_vec(), read: 0, strayed: false });
        script
    }

    fn followed(script: &Script, outcome: Outcome) -> bool {
        script.answers.as_ref().expect("it was run").were_followed(outcome)
    }

    #[test]
    fn each_statement_has_its_own_arguments() {
        let text = ran(&[]).text;
        assert_eq!(text, "UPDATE a SET x = $2 WHERE id = $1 AND x < $2;DELETE FROM b WHERE id = $3;");
    }

    #[test]
    fn what_was_touched_decides() {
        let mut script = ran(&[0, 1]);
        assert!(script.statement(FIRST).is_none(), "nothing is written down twice");
        assert_eq!(script.touched(FIRST), 0);
        let guard = Err(crate::work::Conflict::Provider);
        assert!(followed(&script, guard), "behind a guard that did not hold nothing is asked");
        assert!(!followed(&script, Ok(1)), "something was done that nobody asks about");
        assert_eq!(script.touched(SECOND), 1);
        assert!(followed(&script, Ok(1)));
    }

    #[test]
    fn whoever_goes_another_way_than_was_run_gets_nothing() {
        let mut script = ran(&[1, 1]);
        assert_eq!(script.touched(SECOND), 0, "the other one was run here");
        assert_eq!(script.touched(SECOND), 1);
        assert!(!followed(&script, Ok(1)));
        let mut script = ran(&[1]);
        assert_eq!(
            (script.touched(FIRST), script.touched(SECOND)),
            (1, 0),
            "a driver that runs the first alone"
        );
        assert!(!followed(&script, Ok(1)));
    }
}
