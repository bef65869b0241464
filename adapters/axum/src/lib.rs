//! What does an axum application nest to speak Symbolon? The device endpoints, and the parts of its browser pages.
//!
//! ```text
//! let web = Web::new(engine.clone());
//! Router::new()
//!     .merge(device_router(engine))              // signed messages of devices: no cookies, no CSRF check
//!     .merge(ceremony_router(web.clone()))       // begin, look, wait, answer, claim: JSON for your pages
//!     .layer(client_address(Proxies::none()))    // who is asking, behind which proxies
//! ```
//!
//! | file | what it answers |
//! |---|---|
//! | `device.rs` | which request carries which signed message |
//! | `pending.rs` | how a device asks what waits for it, and waits for it |
//! | `errors.rs` | what a refusal looks like in HTTP: the one table |
//! | `ceremonies.rs` | how a page of yours runs a ceremony |
//! | `live.rs` | how a waiting page learns that something happened |
//! | `seats.rs` | who waits here, and how many may |
//! | `visitor.rs` | who is asking: cookies, address, browser |
//! | `cookies.rs` | which cookies there are |
//! | `address.rs` | which address the request came from |
//! | `agent.rs` | what a browser calls itself |
//! | `csrf.rs` | may this form have been sent |
//! | `headers.rs` | what a page may do in the browser |

pub mod address;
pub mod agent;
pub mod ceremonies;
pub mod cookies;
pub mod csrf;
pub mod device;
pub mod errors;
pub mod headers;
pub mod live;
mod pending;
mod seats;
mod visitor;
mod web;

pub use address::{ClientAddress, Proxies, client_address};
pub use ceremonies::ceremony_router;
pub use csrf::{navigations_only, same_origin_only};
pub use device::device_router;
pub use headers::{FormTargets, security_headers};
pub use visitor::{SignedIn, Visitor, languages};
pub use web::Web;
