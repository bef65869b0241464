//! The actors of the journeys: a world with a clock that stands still, browsers and phones.

pub mod browser;
pub mod counted;
pub mod passkey;
pub mod phone;
pub mod process;
pub mod television;
pub mod web;
pub mod world;

pub use browser::Browser;
pub use passkey::Passkey;
pub use phone::Phone;
pub use television::Television;
pub use world::World;
