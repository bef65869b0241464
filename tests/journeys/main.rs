//! Journeys: what people do, and what attackers try, told with actors.

mod account;
mod approvals;
mod codes;
mod enrolment;
mod enumeration;
mod evidence;
mod guesses;
mod keys;
mod limits;
mod messages;
mod nodes;
mod notices;
mod outage;
mod policy;
mod processes;
mod proximity;
mod qr;
mod races;
mod replay;
mod shop;
mod single_sign_on;
mod standing;
mod suites;
mod takeover;
mod tickets;
mod trail;
