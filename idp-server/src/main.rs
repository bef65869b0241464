//! The program `idp-server`: arguments → configuration → application → serve.

use std::process::ExitCode;

fn main() -> ExitCode {
    idp_server::cli::run()
}
