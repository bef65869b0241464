//! The database is away for a while: what do people get meanwhile, and what is left of it afterwards?

use std::sync::Arc;

use symbolon_tests::{
    process::{Terminal, Town, Way, up},
    web::WebBrowser,
    world::PASSWORD,
};
use tokio::{sync::mpsc, task::JoinSet};

/// People who sign in at once, each in a browser of their own, and how often each.
const CROWD: ([&str; 6], usize) = (["ada", "ben", "cleo", "dan", "eve", "finn"], 2);

/// Signs in with the password once. Whether it was acknowledged: the browser has a session then.
async fn sign_in(town: &Town, login: &str) -> (WebBrowser, bool) {
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/account", town.issuer)).await;
    if browser.status.is_success() {
        browser.submit("/login/password", &[("login", login), ("password", PASSWORD)]).await;
    }
    for (status, headers) in &browser.answers {
        let busy = status.as_u16() == 503 && headers.contains_key("retry-after");
        assert!(status.is_success() || status.is_redirection() || busy, "{status} {headers:?}");
    }
    let acknowledged = browser.cookie("session").is_some();
    (browser, acknowledged)
}

/// Many sign in at once; when the first has a session all nodes lose the database. Whoever has a session.
async fn crowd_and_cut(town: &Arc<Town>, way: Way) -> Vec<WebBrowser> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut crowd = JoinSet::new();
    for login in CROWD.0 {
        let (town, tell) = (Arc::clone(town), tell.clone());
        crowd.spawn(async move {
            for _ in 0..CROWD.1 {
                tell.send(sign_in(&town, login).await).expect("somebody counts");
            }
        });
    }
    drop(tell);
    let mut signed_in = Vec::new();
    let mut refused = 0;
    while let Some((browser, acknowledged)) = told.recv().await {
        if acknowledged {
            signed_in.push(browser);
            town.cables.iter().for_each(|cable| cable.set(way));
        } else {
            refused += 1;
        }
    }
    crowd.join_all().await;
    assert!(!signed_in.is_empty() && refused > 0, "{} and {refused}", signed_in.len());
    signed_in
}

async fn ask(url: &str) -> reqwest::Response {
    reqwest::get(url).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_costs_patience_and_no_session() {
    let town = Arc::new(Town::of_two_nodes(Way::InTurn, &[]).await);
    for login in CROWD.0 {
        town.admin(&["user", "add", login, "--name", &format!("{login} Example")], PASSWORD).await;
    }
    let mut signed_in = Vec::new();
    for way in [Way::Closed, Way::Silent] {
        signed_in.extend(crowd_and_cut(&town, way).await);
        for node in &town.nodes {
            let ready = ask(&format!("{node}/readyz")).await;
            assert_eq!(ready.status(), 503, "{way:?}");
            assert!(ready.headers().contains_key("retry-after"));
            assert_eq!(ask(&format!("{node}/healthz")).await.status(), 200, "{way:?}");
        }
        for (cable, node) in town.cables.iter().zip(&town.nodes) {
            cable.set(Way::To(0));
            up(&format!("{node}/readyz")).await;
        }
        let (browser, acknowledged) = sign_in(&town, "alice").await;
        assert!(acknowledged && browser.html.contains("Alice Example"), "{way:?}: {}", browser.html);
    }
    for browser in &mut signed_in {
        browser.open(&format!("{}/account", town.issuer)).await;
        assert!(browser.html.contains(" Example"), "what was acknowledged is kept: {}", browser.html);
    }
}

/// The page waits at a node that loses the database; the phone is answered by the other node meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_hears_of_what_happened_while_its_node_had_lost_the_database() {
    // The code must not change meanwhile, or the page would be drawn anew for that.
    let settings = [("SYMBOLON_ENGINE_TICKET_ROTATION", "60")];
    let browsers_at_the_first = |head: &str| usize::from(!head.contains("Mozilla/"));
    let town = Town::of_two_nodes(Way::By(browsers_at_the_first), &settings).await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/sign-in", town.shop)).await;
    let login = browser.url.to_string();
    let mut page = browser.listen().await;
    page.status("offered").await;

    town.cables[0].set(Way::Closed);
    let mut scan = terminal.run(&["scan", &terminal.picture(&browser.screenshot())]);
    scan.event("context").await;
    assert_eq!(ask(&format!("{}/readyz", town.nodes[0])).await.status(), 503, "its node does not see it yet");
    town.cables[0].set(Way::To(0));
    page.status("claimed").await;
    scan.type_line("approve").await;
    page.status("code_needed").await;

    let code = scan.event("show").await["code"].as_str().expect("digits").to_owned();
    browser.open(&login).await;
    browser.submit("/login/finish", &[("code", &code)]).await;
    assert!(browser.html.contains("Alice Example"), "{}", browser.html);
}
