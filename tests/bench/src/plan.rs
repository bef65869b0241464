//! What is measured, in which order?

mod saml;

use std::{future::Future, sync::Arc};

use anyhow::Context as _;
use futures::future::try_join_all;
use http::StatusCode;

use crate::{
    arguments::Setup,
    browser::Browser,
    connection::Connection,
    flows::{
        applications::{self, Machine},
        client_credentials::ClientCredentials,
        discovery::Discovery,
        password::{self, Password},
        phone::Phone,
        qr::Qr,
        sso::{Shop, Sso},
        tokens::Judge,
    },
    inside,
    measure::{Flow, Spread, window},
    server::{DISCOVERY, PASSWORD, Running, Server},
    table::{self, Line},
    yardstick::{Bare, Raw, Yardstick},
};

/// People, each with a phone: so many that none of them comes too often.
const PEOPLE: usize = 48;
/// How often the server is started.
const STARTS: usize = 15;
/// How many ask for documents at once.
const READERS: usize = 32;

/// The figures of the whole server, asked over HTTP.
const OVER_HTTP: [&str; 7] = ["start", "discovery", "client credentials", "sso", "members", "qr", "password"];

/// Everything that is needed to measure.
struct Bench<'a> {
    setup: &'a Setup,
    server: Server,
    running: Running,
    yardstick: Yardstick,
    machine: Arc<Machine>,
    shop: Shop,
}

/// What one of something costs at least, on the server's core.
type Cost = &'static [(Raw, f64)];

/// An access token.
const CLIENT_CREDENTIALS: Cost = &[(Raw::Rs256, 1.0)];
/// An access token and an ID token.
const SSO: Cost = &[(Raw::Rs256, 2.0)];
/// Two tokens, and what the phone is told about its claim and its decision.
const QR: Cost = &[(Raw::Rs256, 2.0), (Raw::Es256, 2.0)];
const PASSWORD_COST: Cost = &[(Raw::Argon2id, 1.0)];

/// Measures everything that is wanted.
///
/// # Errors
/// The first answer that is wrong.
pub async fn run(setup: &Setup) -> anyhow::Result<()> {
    let store = if setup.postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    table::head(store);
    if OVER_HTTP.iter().any(|name| setup.wants(name)) || saml::is_wanted(setup) {
        over_http(setup).await?;
    }
    inside::figures(setup).await
}

async fn over_http(setup: &Setup) -> anyhow::Result<()> {
    let mut yardstick = Yardstick::start(&setup.core)?;
    limits(&mut yardstick).await?;
    let server = Server::planned(setup)?;
    let (machine, shop) = prepare(&server).await?;
    if setup.wants("start") {
        starts(&server).await?;
    }
    let (running, _) = server.start().await?;
    let shop = Shop { secret: shop, judge: Judge::of(&server).await? };
    let bench = Bench { setup, server, running, yardstick, machine: Arc::new(machine), shop: shop.clone() };
    let server = bench.figures().await?;
    if setup.wants("members") {
        saml::members(&server, &shop).await.inspect_err(|_| table::complain(&server.last_words()))?;
    }
    Ok(())
}

async fn limits(yardstick: &mut Yardstick) -> anyhow::Result<()> {
    for raw in Raw::ALL {
        let mut rates = Vec::new();
        for _ in 0..5 {
            rates.push(yardstick.rate(raw).await?);
        }
        let name = format!("raw limit: {}", raw.name());
        Line { name, value: Spread::of(rates), unit: "/s", share: None, busy: None }.say();
    }
    Ok(())
}

fn login(number: usize) -> String {
    format!("person{number}")
}

async fn prepare(server: &Server) -> anyhow::Result<(Machine, String)> {
    for number in 0..PEOPLE {
        server.admin(&["user", "add", &login(number), "--name", "A Person"], PASSWORD).await?;
    }
    Ok((Machine::add(server).await?, applications::add_shop(server).await?))
}

/// How many milliseconds a start takes.
async fn start_times(server: &Server) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let (running, time) = server.start().await?;
        times.push(time.as_secs_f64() * 1000.0);
        running.stop().await?;
    }
    Ok(times)
}

/// How long a start takes, and how much memory a server has that did nothing yet.
async fn starts(server: &Server) -> anyhow::Result<()> {
    let (mut times, mut all, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let (running, time) = server.start().await?;
        times.push(time.as_secs_f64() * 1000.0);
        let memory = running.memory()?;
        all.push(memory.0);
        own.push(memory.1);
        running.stop().await?;
    }
    let line = |name: &str, values, unit| {
        Line { name: name.to_owned(), value: Spread::of(values), unit, share: None, busy: None }.say();
    };
    line("start to first answer", times, "ms");
    line("memory when idle, all", all, "MiB");
    line("memory when idle, but the program", own, "MiB");
    Ok(())
}

impl Bench<'_> {
    /// The server is stopped then.
    async fn figures(mut self) -> anyhow::Result<Server> {
        let done = self.each().await;
        if done.is_err() {
            table::complain(&self.server.last_words());
        }
        done?;
        self.running.stop().await?;
        Ok(self.server)
    }

    async fn each(&mut self) -> anyhow::Result<()> {
        let port = self.server.port;
        if self.setup.wants("discovery") {
            self.discovery().await?;
        }
        if self.setup.wants("client credentials") {
            let (machine, judge, issuer) =
                (Arc::clone(&self.machine), Arc::clone(&self.shop.judge), self.server.issuer.clone());
            let one = async |_| {
                let (machine, judge, issuer) = (Arc::clone(&machine), Arc::clone(&judge), issuer.clone());
                Ok(ClientCredentials { connection: Connection::open(port).await?, machine, judge, issuer })
            };
            let flows = many(one).await?;
            self.figure("client credentials, ES256 in", flows, CLIENT_CREDENTIALS).await?;
        }
        let shop = self.shop.clone();
        if self.setup.wants("sso") {
            let flows = many(async |number| signed_in(port, shop.clone(), login(number)).await).await?;
            self.figure("sso code flow with userinfo", flows, SSO).await?;
        }
        self.saml().await?;
        if self.setup.wants("qr") {
            let one = async |number: usize| {
                let phone =
                    Phone::enrolled(port, &login(number)).await.context("a phone is not registered")?;
                Ok(Qr { browser: Browser::open(port).await?, phone, shop: shop.clone() })
            };
            let flows = many(one).await?;
            self.figure("qr sign-in with tokens", flows, QR).await?;
        }
        if self.setup.wants("password") {
            let one = async |number| {
                let browser = Browser::open(port).await?;
                Ok(Password { browser, shop: shop.clone(), login: login(number) })
            };
            let flows = many(one).await?;
            self.figure("password sign-in with tokens", flows, PASSWORD_COST).await?;
        }
        let (all, own) = self.running.memory()?;
        for (name, value) in [("memory at the end, all", all), ("memory at the end, but the program", own)] {
            Line { name: name.to_owned(), value: Spread::of([value]), unit: "MiB", share: None, busy: None }
                .say();
        }
        Ok(())
    }

    /// What costs no signature is held against a server that does nothing but HTTP.
    async fn discovery(&mut self) -> anyhow::Result<()> {
        let bare = Bare::start(&self.setup.core).await?;
        let mut ours = readers(self.server.port).await?;
        let mut theirs = readers(bare.port).await?;
        let (mut rates, mut shares, mut busy) = (Vec::new(), Vec::new(), Vec::new());
        for counted in std::iter::once(false).chain(std::iter::repeat_n(true, self.setup.windows)) {
            let limit = window(&mut theirs, self.setup.window / 2, None).await?.rate;
            let seen = window(&mut ours, self.setup.window, Some(&self.running)).await?;
            if counted {
                rates.push(seen.rate);
                shares.push(seen.rate / limit);
                busy.push(seen.busy);
            }
        }
        let share = Some((Spread::of(shares), "a bare server of hyper".to_owned()));
        let busy = Some(Spread::of(busy).median);
        Line { name: "discovery document".to_owned(), value: Spread::of(rates), unit: "/s", share, busy }
            .say();
        Ok(())
    }

    async fn figure<F: Flow>(&mut self, name: &str, mut flows: Vec<F>, cost: Cost) -> anyhow::Result<()> {
        let (mut rates, mut shares, mut busy) = (Vec::new(), Vec::new(), Vec::new());
        // The first window warms up, and is not counted.
        for counted in std::iter::once(false).chain(std::iter::repeat_n(true, self.setup.windows)) {
            let limit = self.limit(cost).await?;
            let seen = window(&mut flows, self.setup.window, Some(&self.running)).await;
            let seen = seen.with_context(|| format!("the figure \"{name}\""))?;
            if counted {
                rates.push(seen.rate);
                shares.push(seen.rate / limit);
                busy.push(seen.busy);
            }
        }
        let of: Vec<String> = cost.iter().map(|(raw, times)| format!("{times} {}", raw.name())).collect();
        let share = Some((Spread::of(shares), of.join(" + ")));
        let busy = Some(Spread::of(busy).median);
        Line { name: name.to_owned(), value: Spread::of(rates), unit: "/s", share, busy }.say();
        Ok(())
    }

    /// How often this could be done in a second if nothing but its signatures and hashes took time.
    async fn limit(&mut self, cost: Cost) -> anyhow::Result<f64> {
        let mut seconds = 0.0;
        for (raw, times) in cost {
            seconds += times / self.yardstick.rate(*raw).await?;
        }
        Ok(1.0 / seconds)
    }
}

async fn many<F, A>(one: impl Fn(usize) -> A) -> anyhow::Result<Vec<F>>
where
    A: Future<Output = anyhow::Result<F>>,
{
    try_join_all((0..PEOPLE).map(one)).await
}

async fn signed_in(port: u16, shop: Shop, login: String) -> anyhow::Result<Sso> {
    let mut browser = Browser::open(port).await?;
    let (path, nonce) = shop.request();
    let page = browser.visit(&path).await?.page()?;
    let end = password::typed(&mut browser, &page, &login).await?;
    shop.redeem(&mut browser, end, &nonce).await?;
    Ok(Sso { browser, shop, login })
}

async fn readers(port: u16) -> anyhow::Result<Vec<Discovery>> {
    let document = Connection::open(port).await?.get(DISCOVERY).await?;
    let document = document.expect(StatusCode::OK, DISCOVERY)?.body;
    let one = async |_| {
        anyhow::Ok(Discovery { connection: Connection::open(port).await?, document: document.clone() })
    };
    try_join_all((0..READERS).map(one)).await
}
