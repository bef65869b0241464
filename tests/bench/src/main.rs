//! `symbolon-bench`: how fast is the server, as a share of what one core could do at most?
//!
//! It starts the real program on a core of its own and asks it over HTTP from another one. Every answer is looked at;
//! the first one that is wrong ends the run. Between the windows in which it counts, it measures on the server's core how
//! many signatures and hashes that core could make: what else happens on the machine falls on both, and the ratio stays.
//!
//! | file | what it answers |
//! |---|---|
//! | `plan.rs` | what is measured, in which order |
//! | `measure.rs` | how often something is done in a second |
//! | `yardstick.rs` | what one core could do at most |
//! | `flows/` | what applications, browsers and phones do |
//! | `saml/` | what service providers of SAML say, and what they look at in an answer |
//! | `inside/` | how fast the engine is by itself, without HTTP |
//! | `helper.rs` | who measures on the server's core |
//! | `server.rs` | how the server is started, and what it takes of the machine |
//! | `connection.rs` `browser.rs` | how it is asked |
//! | `table.rs` | how the figures are printed |

#![expect(clippy::indexing_slicing, reason = "of JSON: a member that is not there is null, and no panic")]

mod arguments;
mod browser;
mod clock;
mod connection;
mod flows;
mod helper;
mod inside;
mod measure;
mod plan;
mod saml;
mod server;
mod table;
mod yardstick;

use std::process::ExitCode;

use arguments::Command;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            table::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// One thread: whatever it did on a second one would be taken from the server.
fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments::read()? {
        // The threads of the server.
        Command::Inside(store) => tokio::runtime::Runtime::new()?.block_on(inside::serve(&store)),
        Command::Measure(setup) => runtime.block_on(plan::run(&setup)),
        Command::Yardstick => yardstick::serve(&runtime),
        Command::Bare => runtime.block_on(yardstick::bare()),
    }
}
