// What makes a page live? It works without this script; with it, nothing needs to be reloaded by hand.
"use strict";

// The secret behind "#" leaves the address line and the history before anything else happens.
function takeFragment() {
  const secret = location.hash.slice(1);
  if (secret) history.replaceState(null, "", location.pathname + location.search);
  return secret;
}

function localTimes(root) {
  // The page's language, in the way of the person's country: the months in words, but the order and the clock of home.
  const page = document.documentElement.lang;
  const lang = navigator.languages.find((tag) => tag.split("-")[0] === page) ?? page;
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    time.title = time.textContent;
    time.textContent = at.toLocaleString(lang, { dateStyle: "medium", timeStyle: "short" });
  }
}

// Between two questions that a server answers at once, in milliseconds.
const PAUSE = 2000;

class Panel {
  constructor(element) {
    this.element = element;
    this.say = document.getElementById("live-say");
    this.step = this.current().step;
    this.tag = null;
    this.over = false;
    this.source = null;
    this.round = 0;
    document.addEventListener("visibilitychange", () => this.follow());
    // A form is under way: an event that comes before its answer must not lead the page elsewhere.
    document.addEventListener("submit", () => this.stop());
    this.settle();
    this.follow();
  }

  current() {
    const inner = this.element.querySelector("[data-step]");
    return inner ? inner.dataset : {};
  }

  // A hidden page holds no connection: a browser has six of them for all its tabs.
  follow() {
    this.round += 1;
    if (this.source) this.source.close();
    this.source = null;
    if (this.over || document.hidden) return;
    const round = this.round;
    this.source = new EventSource(this.element.dataset.events);
    this.source.onmessage = (event) => this.show(JSON.parse(event.data));
    // A newer page of this browser has the stream now, or the network failed: ask instead, and do not take it back.
    this.source.onerror = () => {
      if (round !== this.round) return;
      this.source.close();
      this.source = null;
      this.ask(round);
    };
  }

  stop() {
    this.over = true;
    this.round += 1;
    if (this.source) this.source.close();
    this.source = null;
  }

  async ask(round) {
    let trouble = 0;
    while (!this.over && round === this.round) {
      const asked = performance.now();
      let isNews = false;
      try {
        const seen = this.tag ? "&wait=1&seen=" + encodeURIComponent(this.tag) : "";
        const answer = await fetch(this.element.dataset.state + seen, { cache: "no-store" });
        if (answer.status === 404) return;
        if (round !== this.round) return;
        if (answer.ok) {
          const state = await answer.json();
          isNews = state.tag !== this.tag;
          this.show(state);
          trouble = 0;
        } else {
          trouble += 5000;
        }
      } catch {
        trouble += 5000;
      }
      // News, or an answer that the server has kept: what happens next must not wait for a pause of ours. One that says at
      // once what is known comes from a server that lets nobody wait.
      if (trouble === 0 && (isNews || performance.now() - asked >= PAUSE)) continue;
      await new Promise((done) => setTimeout(done, PAUSE + trouble));
    }
  }

  show(state) {
    if (state.tag === this.tag) return;
    this.tag = state.tag;
    if (["done", "denied", "expired", "burned"].includes(state.status)) this.stop();
    if (typeof state.html !== "string") return;
    const next = document.createElement("template");
    next.innerHTML = state.html;
    const fresh = next.content.querySelector("[data-step]");
    // A form that somebody types into stays while nothing but a clock changed.
    if (fresh && fresh.dataset.step === this.step && this.element.contains(document.activeElement)) {
      if (document.activeElement instanceof HTMLInputElement) return;
    }
    this.element.replaceChildren(next.content);
    const { step, say } = this.current();
    if (step !== this.step) {
      this.step = step;
      if (this.say) this.say.textContent = say;
      this.settle();
    }
  }

  // What a new step needs: an approval finishes by itself, a field gets the cursor unless it is used elsewhere.
  settle() {
    if (this.element.querySelector("[data-reload]")) return location.reload();
    const auto = this.element.querySelector("form[data-auto]");
    // After an error the person decides: a form that fails must not be sent again and again.
    if (auto && !document.getElementById("page-error")) return auto.requestSubmit();
    const field = this.element.querySelector("[data-focus]");
    const busy = document.activeElement instanceof HTMLInputElement && document.activeElement.value;
    // A code that is to be scanned first stays in sight.
    if (field && !busy) field.focus({ preventScroll: this.element.querySelector(".qr") !== null });
  }
}

// Buttons that only script can answer are hidden without it.
function paper(root) {
  for (const button of root.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.done;
    });
  }
}

localTimes(document);
paper(document);
if (document.querySelector("[data-drop-fragment]")) takeFragment();
const returning = document.querySelector("form[data-return]");
if (returning) {
  const code = takeFragment();
  if (code) {
    returning.elements.code.value = code;
    returning.requestSubmit();
  }
}
for (const form of document.querySelectorAll("main > section > form[data-auto]")) form.requestSubmit();

// The page goes on once the applications in its frames were told; one that does not answer holds nobody up.
function goOn(link) {
  const on = () => location.replace(link.href);
  if (document.readyState === "complete") return on();
  window.addEventListener("load", on);
  setTimeout(on, 5000);
}
for (const link of document.querySelectorAll("a[data-goes-on]")) goOn(link);
for (const element of document.querySelectorAll("[data-live]")) new Panel(element);
