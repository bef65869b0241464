//! Is nothing believed that the right provider did not say about this session, and does the person get on? (SAML profiles, 4.4.3)

use idp_core::session::SessionRow;
use reqwest::{Response, header};
use symbolon_saml::{LogoutResponse, Status};

use crate::{
    browser::Browser,
    server::Server,
    service_provider::{SHOP, ServiceProvider, opens, unescaped},
    signing_out::{
        BANK, BANK_SLO, SLO, address, answered, asked, back, bank, is_partial, is_told, lives, location,
        posts, reply, request, shop, signs_in, start,
    },
};

async fn audited(server: &Server, name: &str) -> usize {
    let rows = server.app.engine().store().audit(None, 1000).await.unwrap();
    rows.iter().filter(|row| row.event.name == name).count()
}

/// A shop that asked, and the bank that the browser was sent to with this request.
struct UnderWay {
    shop: ServiceProvider,
    bank: ServiceProvider,
    server: Server,
}

/// One chain in it.
struct Chain {
    cookie: String,
    session: SessionRow,
    request: String,
    reference: String,
}

impl UnderWay {
    async fn start() -> Self {
        let (shop, bank) = (shop(), bank(&[("HTTP-Redirect", BANK_SLO)]));
        let server = start(&[&shop, &bank]).await;
        Self { shop, bank, server }
    }

    async fn chain(&self) -> Chain {
        let (cookie, session) = self.server.sign_in().await;
        let known = signs_in(&self.server, &self.shop, &cookie).await;
        signs_in(&self.server, &self.bank, &cookie).await;
        let asks = address(&request(&self.server, &self.shop, &known), Some(&self.shop.signer));
        let came = opens(&self.server, &asks, Some(&cookie)).await;
        assert!(came.headers().get(header::SET_COOKIE).is_none(), "it shows whose browser it is");
        let (request, reference) = asked(&self.server, &came, BANK_SLO).await;
        Chain { cookie, session, request: request.head.id, reference }
    }

    fn reply(&self, chain: &Chain) -> LogoutResponse {
        reply(&self.server, &self.bank, &chain.request, Status::success())
    }
}

/// The page that says that nothing was believed; where its button leads.
async fn doubted(response: Response) -> String {
    assert_eq!(response.status(), 400);
    let page = response.text().await.unwrap();
    assert!(page.contains("An application did not answer as it should"), "{page}");
    let (_, rest) = page.split_once("href=\"/sign-out/next").unwrap_or_else(|| panic!("{page}"));
    format!("/sign-out/next{}", unescaped(rest.split_once('"').unwrap().0))
}

#[tokio::test]
async fn an_answer_that_the_right_one_did_not_give_to_this_request_is_not_believed_and_leaves_a_way_on() {
    let it = UnderWay::start().await;
    let other = it.chain().await;
    let (bank, shop) = (&it.bank.signer, &it.shop.signer);
    let days = |reply: &mut LogoutResponse| reply.head.issued -= chrono::TimeDelta::seconds(301);
    for wrong in ["unsigned", "key", "request", "none", "issuer", "destination", "nowhere", "old"] {
        let chain = it.chain().await;
        let mut reply = it.reply(&chain);
        match wrong {
            "request" => reply.in_response_to = Some(other.request.clone()),
            "none" => reply.in_response_to = None,
            "issuer" => reply.head.issuer = SHOP.to_owned(),
            "destination" => reply.head.destination = Some("https://other.example/saml/slo".to_owned()),
            "nowhere" => reply.head.destination = None,
            "old" => days(&mut reply),
            _ => {}
        }
        let signer = match wrong {
            "unsigned" => None,
            "key" => Some(shop),
            _ => Some(bank),
        };
        let by_form =
            posts(&it.server, "SAMLResponse", &reply.write(signer).unwrap(), &chain.reference).await;
        for to in [back(&reply, &chain.reference, signer), location(&by_form)] {
            let on = doubted(opens(&it.server, &to, Some(&chain.cookie)).await).await;
            assert!(!is_told(&it.server, &chain.session, BANK).await, "{wrong}");
            let rest = Browser::of(&it.server, &chain.cookie)
                .follows(opens(&it.server, &on, Some(&chain.cookie)).await)
                .await;
            let answer = answered(&it.server, &rest.away(), SLO).await;
            assert!(is_partial(&answer), "{wrong}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_of_another_chain_ends_nothing_there_and_leaves_a_way_on() {
    let it = UnderWay::start().await;
    let (mine, other) = (it.chain().await, it.chain().await);
    let signer = Some(&it.bank.signer);
    let theirs = it.reply(&other);
    for reference in [other.reference.as_str(), "AAAA", ""] {
        let on =
            doubted(opens(&it.server, &back(&theirs, reference, signer), Some(&mine.cookie)).await).await;
        let text = theirs.write(signer).unwrap();
        let by_form = posts(&it.server, "SAMLResponse", &text, reference).await;
        doubted(opens(&it.server, &location(&by_form), Some(&mine.cookie)).await).await;
        assert!(!is_told(&it.server, &other.session, BANK).await);
        assert!(!is_told(&it.server, &mine.session, BANK).await);
        asked(&it.server, &opens(&it.server, &on, Some(&mine.cookie)).await, BANK_SLO).await;
    }
    // A stranger, and whoever is signed in, sees no way anywhere.
    let (signed_in, session) = it.server.sign_in().await;
    for cookie in ["", signed_in.as_str()] {
        let came = opens(&it.server, &back(&theirs, &other.reference, signer), Some(cookie)).await;
        assert!(came.headers().get(header::SET_COOKIE).is_none());
        let page = came.text().await.unwrap();
        assert!(!page.contains("/sign-out/next") && !page.contains("SAMLRe"), "{page}");
    }
    assert!(lives(&it.server, &session).await);
}

#[tokio::test]
async fn a_step_that_comes_twice_is_one() {
    let it = UnderWay::start().await;
    let chain = it.chain().await;
    let to = back(&it.reply(&chain), &chain.reference, Some(&it.bank.signer));
    for _ in 0..2 {
        let came = opens(&it.server, &to, Some(&chain.cookie)).await;
        let rest = Browser::of(&it.server, &chain.cookie).follows(came).await;
        let answer = answered(&it.server, &rest.away(), SLO).await;
        assert!(answer.status.is_success() && answer.status.detail.is_none());
    }
    assert_eq!(audited(&it.server, "saml.logout_told").await, 1);
    assert_eq!(audited(&it.server, "session.ended").await, 1);
}

#[tokio::test]
async fn another_node_goes_on_where_the_first_one_stopped() {
    let it = UnderWay::start().await;
    let chain = it.chain().await;
    let other = it.server.beside().await;
    let to = back(&it.reply(&chain), &chain.reference, Some(&it.bank.signer));
    let came = opens(&other, &to, Some(&chain.cookie)).await;
    let rest = Browser::of(&it.server, &chain.cookie).follows(came).await;
    assert!(answered(&other, &rest.away(), SLO).await.status.detail.is_none());
}
