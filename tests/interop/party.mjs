// How does a relying party of the tests hear what a browser brings back?
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

/** The pages of an application, which keep what was sent to them; `pages` has those that say more than a title. */
export class Party {
  static async open() {
    const party = new Party();
    party.posted = [];
    party.pages = new Map();
    party.server = createServer((request, response) => party.hear(request, response)).listen(0, "127.0.0.1");
    await once(party.server, "listening");
    party.origin = `http://127.0.0.1:${party.server.address().port}`;
    party.callback = `${party.origin}/callback`;
    party.goodbye = `${party.origin}/goodbye`;
    return party;
  }

  async hear(request, response) {
    if (request.method === "POST") {
      const { authorization = "" } = request.headers;
      const headers = { "content-type": request.headers["content-type"], authorization };
      this.posted.push(new Request(this.callback, { method: "POST", headers, body: await text(request) }));
      this.server.emit("heard");
    }
    response.setHeader("content-type", "text/html");
    response.end(this.pages.get(request.url) ?? "<!doctype html><title>A party</title>");
  }

  /** The answer that the page brings: an address, with what is behind its `#`, or the request of a form. */
  async answer(page) {
    await page.waitForURL((url) => url.origin === this.origin);
    return this.posted.shift() ?? new URL(page.url());
  }

  close() {
    this.server.close();
  }
}
