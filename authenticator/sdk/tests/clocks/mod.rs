//! What does the device know of its server's clock, and for how long?

use idp_protocol::link::Origin;
use symbolon_authenticator::Clock as _;

use super::{fake, journeys::enrolled};

/// Codes are made without a network: what the server's clock showed must be known then.
#[tokio::test]
async fn what_is_known_of_the_servers_clock_outlives_a_start() {
    for off in [-5_000, 5_000] {
        let (fake, phone, clock) = fake::start();
        clock.advance(off);
        let account = enrolled(&fake, &phone).await;
        let again = fake.phone();
        assert_eq!((again.ahead(&account.issuer), again.now(&account.issuer)), (-off, fake::NOW));
        assert_eq!(again.clock_of(&account.issuer).now(), fake::NOW);
        assert_eq!(again.own_clock().now(), fake::NOW + off);
        let other = Origin::parse("https://id.example.net").unwrap();
        assert_eq!(again.now(&other), fake::NOW + off, "one server bends no other one's time");

        // Somebody sets the clock, and the first contact shows it.
        clock.advance(-off);
        again.pending(&account).await.unwrap();
        assert_eq!((again.ahead(&account.issuer), fake.phone().ahead(&account.issuer)), (0, 0));
        again.forget(&account).unwrap();
    }
}
