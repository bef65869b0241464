//! What do service providers learn of us?

use symbolon_saml::{Kind, PeerKeys, Trust, Wrapping, open};

use crate::house::{DAY, House, NOW};

async fn get(house: &House, known: Option<&str>) -> reqwest::Response {
    let request = reqwest::Client::new().get(format!("{}/saml/metadata", house.url));
    let request = known.into_iter().fold(request, |request, etag| request.header("if-none-match", etag));
    request.send().await.unwrap()
}

async fn text(house: &House) -> String {
    get(house, None).await.text().await.unwrap()
}

#[tokio::test]
async fn it_is_signed_with_the_key_that_signs_now() {
    let house = House::open_with(|config| {
        config.saml.display_name = "Example & Sons".to_owned();
        config.saml.logo = "https://id.example.org/logo.png".to_owned();
        config.saml.contact = "admin@example.org".to_owned();
    })
    .await;
    let answer = get(&house, None).await;
    assert_eq!(answer.headers()["content-type"], "application/samlmetadata+xml");
    let text = answer.text().await.unwrap();
    let keys = house.app.saml().keys(house.app.engine()).await.unwrap();
    let check = |number: i64, text: &str| {
        let own = keys.all().iter().find(|key| key.number == number).unwrap();
        let keys = PeerKeys::from_certificates([own.certificate()]).unwrap();
        open(text, Kind::EntityDescriptor, Wrapping::None).unwrap().check(Trust::Required(&keys)).is_ok()
    };
    assert!(check(1, &text));
    let url = &house.url;
    for part in [
        format!("entityID=\"{url}/saml/metadata\""),
        format!("Location=\"{url}/saml/sso\""),
        format!("Location=\"{url}/saml/slo/soap\""),
        format!("Location=\"{url}/saml/artifact\" index=\"0\""),
        "WantAuthnRequestsSigned=\"false\"".to_owned(),
        "cacheDuration=\"PT86400S\"".to_owned(),
        "Example &amp; Sons".to_owned(),
        "https://id.example.org/logo.png".to_owned(),
        "mailto:admin@example.org".to_owned(),
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned(),
    ] {
        assert!(text.contains(&part), "{part} is missing in {text}");
    }
}

#[tokio::test]
async fn it_has_both_certificates_during_a_change_and_the_new_key_signs_it_from_the_switch_on() {
    let house = House::open().await;
    let count = |text: &str| text.matches("<md:KeyDescriptor").count();
    assert_eq!(count(&text(&house).await), 2, "one of each kind");
    house.app.saml().add_keys(house.app.engine(), NOW + DAY).await.unwrap();
    let announced = text(&house).await;
    assert_eq!(count(&announced), 4);
    let keys = house.app.saml().keys(house.app.engine()).await.unwrap();
    let by = |number: i64, text: &str| {
        let own = keys.all().iter().find(|key| key.number == number).unwrap();
        let keys = PeerKeys::from_certificates([own.certificate()]).unwrap();
        open(text, Kind::EntityDescriptor, Wrapping::None).unwrap().check(Trust::Required(&keys)).is_ok()
    };
    assert!(by(1, &announced) && !by(2, &announced));
    house.clock.advance(DAY);
    let switched = text(&house).await;
    assert!(by(2, &switched) && !by(1, &switched));
}

#[tokio::test]
async fn it_is_the_same_on_all_nodes_and_is_renewed_before_it_runs_out() {
    let house = House::open().await;
    let first = get(&house, None).await;
    let etag = first.headers()["etag"].to_str().unwrap().to_owned();
    let first = first.text().await.unwrap();
    assert_eq!(get(&house, Some(&etag)).await.status(), 304);
    let until = |text: &str| {
        let (_, rest) = text.split_once("validUntil=\"").unwrap();
        let (at, _) = rest.split_once('"').unwrap();
        chrono::DateTime::parse_from_rfc3339(at).unwrap().timestamp()
    };
    for _ in 0..30 {
        let left = until(&text(&house).await) - house.now().0;
        assert!((7 * DAY..=14 * DAY).contains(&left), "{left} seconds are left");
        house.clock.advance(DAY);
    }
    assert_ne!(text(&house).await, first);
    let etag = |answer: reqwest::Response| answer.headers()["etag"].clone();
    assert_eq!(etag(get(&house, None).await), etag(get(&house, None).await));
}

#[tokio::test]
async fn the_entity_id_can_be_another_one() {
    let own = "https://id.example.org/idp";
    let house = House::open_with(|config| config.saml.entity_id = own.to_owned()).await;
    assert_eq!(house.app.saml().entity_id(), own);
    assert!(text(&house).await.contains(&format!("entityID=\"{own}\"")));
}
