// Is the browser still signed in as it was when an application got its answer? (OpenID Connect Session Management 1.0, 3.2)
"use strict";

function state() {
  const pairs = document.cookie.split("; ").map((pair) => pair.split("="));
  const own = pairs.find(([name]) => name === "__Host-browser-state" || name === "browser-state");
  return own ? own[1] : "";
}

async function digest(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// The origin is what the browser says, never what the message says.
async function check(message, origin) {
  const [client, sessionState, ...more] = String(message).split(" ");
  const [hash, salt, ...rest] = (sessionState || "").split(".");
  if (!client || !hash || !salt || more.length || rest.length || origin === "null") return "error";
  return (await digest([client, origin, state(), salt].join(" "))) === hash ? "unchanged" : "changed";
}

window.addEventListener("message", async (event) => {
  const answer = await check(event.data, event.origin);
  if (event.source && event.origin !== "null") event.source.postMessage(answer, event.origin);
});
