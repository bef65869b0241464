//! Journeys: what people do, and what attackers try, told with actors.

mod approvals;
mod codes;
mod enrolment;
mod keys;
mod limits;
mod messages;
mod nodes;
mod qr;
mod shop;
