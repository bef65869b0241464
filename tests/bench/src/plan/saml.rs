//! What is measured of SAML, in which order?

use std::sync::Arc;

use anyhow::Context as _;
use idp_protocol::crypto::Algorithm;

use super::{Bench, Cost, many, signed_in, start_times};
use crate::{
    arguments::Setup,
    browser::Browser,
    clock,
    flows::{saml::Saml, sso::Shop},
    measure::{Flow as _, Spread},
    saml::{Judge, Key, MEMBERS, Party, federation, member},
    server::Server,
    table::Line,
};

const ONE: Cost = &[(super::Raw::Rs256, 1.0)];
const TWO: Cost = &[(super::Raw::Rs256, 2.0)];

/// How often the federation is loaded again.
const LOADS: usize = 5;
/// How many of its members are looked up for the first time.
const LOOKED_UP: usize = 200;

/// A line of the table, and the service provider that it is about.
struct Figure {
    name: &'static str,
    party: &'static str,
    /// What `sp add --signed` is told.
    signed: &'static str,
    signs: bool,
    cost: Cost,
    signatures: usize,
}

const FIGURES: [Figure; 3] = [
    Figure {
        name: "saml sign-in, assertion signed",
        party: "one",
        signed: "assertion",
        signs: false,
        cost: ONE,
        signatures: 1,
    },
    Figure {
        name: "saml sign-in, both signed",
        party: "two",
        signed: "both",
        signs: false,
        cost: TWO,
        signatures: 2,
    },
    Figure {
        name: "saml sign-in, ES256 in, both",
        party: "signs",
        signed: "both",
        signs: true,
        cost: TWO,
        signatures: 2,
    },
];

/// Whether one of the sign-ins is to be measured.
pub(super) fn is_wanted(setup: &Setup) -> bool {
    FIGURES.iter().any(|figure| setup.wants(figure.name))
}

impl Bench<'_> {
    /// Sign-ins of people with a session.
    pub(super) async fn saml(&mut self) -> anyhow::Result<()> {
        if !is_wanted(self.setup) {
            return Ok(());
        }
        let judge = Judge::of(&self.server).await?;
        for figure in FIGURES {
            if !self.setup.wants(figure.name) {
                continue;
            }
            let party = figure.party(&self.server, &judge)?;
            let file = self.server.file(&format!("{}.xml", figure.party), &party.metadata())?;
            self.server.admin(&["sp", "add", &file, "--signed", figure.signed], "").await?;
            let (port, shop) = (self.server.port, self.shop.clone());
            let one = async |number| {
                let browser = signed_in(port, shop.clone(), super::login(number)).await?.browser;
                Ok(Saml { browser, party: party.clone() })
            };
            let flows = many(one).await?;
            self.figure(figure.name, flows, figure.cost).await?;
        }
        Ok(())
    }
}

impl Figure {
    fn party(&self, server: &Server, judge: &Arc<Judge>) -> anyhow::Result<Party> {
        let key = self.signs.then(|| Key::new(Algorithm::Es256)).transpose()?;
        let host = format!("https://{}.example", self.party);
        Ok(Party {
            entity_id: format!("{host}/metadata"),
            acs: format!("{host}/acs"),
            key: key.map(Arc::new),
            signatures: self.signatures,
            destination: format!("{}/saml/sso", server.issuer),
            judge: Arc::clone(judge),
        })
    }
}

/// What a thousand service providers of a federation cost: to load them, when the server starts, and when somebody signs in
/// to one of them for the first time.
///
/// # Errors
/// The first answer that is wrong.
pub(super) async fn members(server: &Server, shop: &Shop) -> anyhow::Result<()> {
    let (operator, key) = (Key::new(Algorithm::Es256)?, Key::new(Algorithm::Rs256)?);
    let pin = server.file("federation.pem", &operator.pem())?;
    milliseconds("start without the federation", start_times(server).await?);
    // Nobody has to be loaded for the program to start.
    milliseconds("a command that loads nothing", timed(server, &["sp", "list"], LOADS).await?);
    let file = server.file("federation.xml", &federation(&operator, &key)?)?;
    let add = ["sp", "add", &file, "--aggregate", "--pin", &pin, "--signed", "assertion"];
    milliseconds(&format!("{MEMBERS} members, loaded"), timed(server, &add, 1).await?);
    milliseconds(&format!("{MEMBERS} members, loaded again"), timed(server, &add, LOADS).await?);
    milliseconds("start with the federation", start_times(server).await?);
    let (running, _) = server.start().await?;
    lookups(server, shop).await?;
    running.stop().await
}

/// How long it takes to run a command.
async fn timed(server: &Server, command: &[&str], times: usize) -> anyhow::Result<Vec<f64>> {
    let mut taken = Vec::new();
    for _ in 0..times {
        let start = clock::now();
        server.admin(command, "").await?;
        taken.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(taken)
}

/// One browser goes from one to the next, and then once more.
async fn lookups(server: &Server, shop: &Shop) -> anyhow::Result<()> {
    let judge = Judge::of(server).await?;
    let mut browser = signed_in(server.port, shop.clone(), super::login(0)).await?.browser;
    // The last one is the first: what only the first sign-in of all costs is not about members.
    browser = signs_in(server, &judge, browser, MEMBERS.saturating_sub(1)).await?.0;
    for name in ["sign-in at a member, the first", "sign-in at a member, the second"] {
        let mut taken = Vec::new();
        for number in 0..LOOKED_UP {
            let time;
            (browser, time) = signs_in(server, &judge, browser, number).await.context("a member")?;
            taken.push(time);
        }
        milliseconds(name, taken);
    }
    Ok(())
}

async fn signs_in(
    server: &Server,
    judge: &Arc<Judge>,
    browser: Browser,
    number: usize,
) -> anyhow::Result<(Browser, f64)> {
    let (entity_id, acs) = member(number);
    let destination = format!("{}/saml/sso", server.issuer);
    let party = Party { entity_id, acs, key: None, signatures: 1, destination, judge: Arc::clone(judge) };
    let mut flow = Saml { browser, party };
    let start = clock::now();
    flow.once().await?;
    Ok((flow.browser, start.elapsed().as_secs_f64() * 1000.0))
}

fn milliseconds(name: &str, values: Vec<f64>) {
    Line { name: name.to_owned(), value: Spread::of(values), unit: "ms", share: None, busy: None }.say();
}
