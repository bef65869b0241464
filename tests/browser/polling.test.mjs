// Does a page that has no stream of events show what happened as soon as the server says it?
//
// The clock of the page stands still where it matters: what waits for a timer there never comes.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, describe, test } from "node:test";
import { Profile, enrol, launch, password, scan } from "./browser.mjs";
import { PASSWORD, Terminal, Town } from "./town.mjs";

/** For how long the server keeps an answer, in milliseconds. */
const KEPT = 25_000;

/** The requests of a page that ask for the state: each waits until the test has it answered. */
class Asked {
  static async of(page) {
    const asked = new Asked();
    asked.routes = [];
    asked.come = new EventEmitter();
    await page.route("**/login/state?**", (route) => {
      asked.routes.push(route);
      asked.come.emit("request");
    });
    return asked;
  }

  /** The request of this number, counted from 1. */
  async number(which) {
    while (this.routes.length < which) await once(this.come, "request");
    const route = this.routes[which - 1];
    return { route, query: new URL(route.request().url()).searchParams };
  }
}

describe("the older one of two tabs", { concurrency: false }, () => {
  let town, browser, terminal;

  before(async () => {
    [town, browser, terminal] = await Promise.all([Town.open(), launch(), Terminal.open()]);
    const profile = await Profile.fresh(browser);
    await profile.page.goto(`${town.issuer}/account`);
    await password(profile.page, "alice", PASSWORD);
    await enrol(profile.page, town, terminal);
    await profile.close();
  });
  after(async () => {
    await browser?.close();
    await Promise.all([town?.close(), terminal?.close()]);
  });

  test("asks again at once when the server has kept its answer, and seldom when it has not", async () => {
    const { profile, page, asked } = await older();
    const first = await asked.number(1);
    const seen = first.query.get("seen");
    assert.equal(first.query.get("wait"), "1");
    // Nothing new, and no wait: a server where too many wait must not be asked without end.
    await known(first, seen);
    let passed = 0;
    for (; asked.routes.length < 2; passed += 100) await page.clock.runFor(100);
    assert.ok(passed >= 2_000, `it asked again after ${passed} ms`);
    const second = await asked.number(2);
    // This answer was kept for as long as a server keeps one: no time passes before the third question.
    await page.clock.runFor(KEPT);
    await known(second, seen);
    await asked.number(3);
    await profile.close();
  });

  test("shows the decline of the device that has scanned", async () => {
    const { profile, page, asked } = await older();
    // The device claims: that is news, and the page must not look away between it and the decline.
    const first = await asked.number(1);
    const scanning = scan(page, terminal, { decision: "deny", digits: false });
    for (let which = 1; ; which += 1) {
      const { route } = which === 1 ? first : await asked.number(which);
      const answer = await route.fetch();
      const { status } = await answer.json();
      await route.fulfill({ response: answer });
      if (status === "denied") break;
    }
    await scanning;
    await page.getByText("The sign-in was denied on the device.").first().waitFor();
    await profile.close();
  });

  /** A page whose stream a newer page of the same browser took over, with a clock that stands still from then on. */
  async function older() {
    const profile = await Profile.fresh(browser);
    const { page } = profile;
    await page.clock.install();
    const asked = await Asked.of(page);
    await page.goto(`${town.shop}/sign-in`);
    await page.getByRole("img", { name: "QR code" }).waitFor();
    await page.clock.pauseAt(Date.now() + 1_000);
    const newer = await profile.context.newPage();
    await newer.goto(`${town.shop}/sign-in`);
    await newer.getByRole("img", { name: "QR code" }).waitFor();
    return { profile, page, asked };
  }

  /** Answers that nothing is new. */
  function known({ route }, tag) {
    return route.fulfill({ json: { tag, status: "waiting" } });
  }
});
