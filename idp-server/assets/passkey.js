// How does the browser make a passkey, sign in with one, and approve with one? WebAuthn is the one thing here that needs a script.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// What the browser says is not for people. Each of its refusals has words of ours, which the page brings along.
function words(error, holder) {
  const { cancelled, known, insecure, trouble } = holder.dataset;
  if (error.name === "NotAllowedError" || error.name === "AbortError") return cancelled;
  if (error.name === "InvalidStateError") return known;
  if (error.name === "SecurityError") return insecure;
  return trouble;
}

function tell(holder, text) {
  const place = holder.querySelector("[data-passkey-error]");
  place.textContent = text;
  place.hidden = false;
}

// The parts that the server asks for, and no others: what browsers add to their answers later is none of its business.
async function asserted(options, mediation, signal) {
  const { publicKey } = options;
  const allowCredentials = (publicKey.allowCredentials ?? []).map((key) => ({ ...key, id: toBytes(key.id) }));
  const asked = { ...publicKey, challenge: toBytes(publicKey.challenge), allowCredentials };
  const { rawId, response } = await navigator.credentials.get({ publicKey: asked, mediation, signal });
  return {
    id: toText(rawId),
    clientDataJSON: toText(response.clientDataJSON),
    authenticatorData: toText(response.authenticatorData),
    signature: toText(response.signature),
    userHandle: toText(response.userHandle ?? []),
  };
}

async function created(options) {
  const { publicKey } = options;
  const known = (publicKey.excludeCredentials ?? []).map((key) => ({ ...key, id: toBytes(key.id) }));
  const asked = {
    ...publicKey,
    challenge: toBytes(publicKey.challenge),
    user: { ...publicKey.user, id: toBytes(publicKey.user.id) },
    excludeCredentials: known,
  };
  const key = await navigator.credentials.create({ publicKey: asked });
  const answer = {
    clientDataJSON: toText(key.response.clientDataJSON),
    attestationObject: toText(key.response.attestationObject),
  };
  const found = key.getClientExtensionResults().credProps?.rk;
  if (typeof found === "boolean") answer.discoverable = found;
  return answer;
}

// On the page of a sign-in: a button, and the browser's own offer in the field for the name.
class SignIn {
  constructor(section) {
    this.section = section;
    this.form = section.querySelector("form");
    this.offer = null;
    section.querySelector("button").addEventListener("click", () => this.ask());
    this.place();
    this.listen();
  }

  // First on the page, and its first button, where this device has a passkey or could have one; unless the person has
  // chosen another way already. It appears in its place: a page that moves is clicked where nobody meant to.
  async place() {
    const here = await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.().catch(() => false);
    if (here && !("chosen" in this.section.dataset)) {
      this.section.parentElement.prepend(this.section);
      this.section.querySelector("button").classList.remove("second");
    }
    this.section.hidden = false;
  }

  async listen() {
    const can = await PublicKeyCredential.isConditionalMediationAvailable?.();
    if (!can || !document.querySelector("input[autocomplete~=webauthn]")) return;
    this.offer = new AbortController();
    try {
      await this.answer("conditional", this.offer.signal);
    } catch {
      // Nobody asked for it, so nobody is told.
    }
  }

  async ask() {
    this.offer?.abort();
    try {
      await this.answer("optional");
    } catch (error) {
      tell(this.section, words(error, this.section));
    }
  }

  async answer(mediation, signal) {
    const begun = await fetch("/ceremony/begin", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sign_in: this.form.elements.id.value, kind: "passkey" }),
    });
    if (!begun.ok) throw new Error("the server does not ask");
    const { id, prompt } = await begun.json();
    const answer = await asserted(prompt.options, mediation, signal);
    this.form.elements.ceremony.value = id;
    this.form.elements.answer.value = JSON.stringify(answer);
    this.form.requestSubmit();
  }
}

// In the account pages: the form with the name of a new passkey, and the one that approves what is about to be added. They
// stand in a panel that changes by itself.
async function fill(form) {
  const { passkeyCreate, passkeyApprove } = form.dataset;
  try {
    const answer = passkeyCreate
      ? await created(JSON.parse(passkeyCreate))
      : await asserted(JSON.parse(passkeyApprove), "optional");
    form.elements.answer.value = JSON.stringify(answer);
    form.requestSubmit();
  } catch (error) {
    tell(form, words(error, form));
  }
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!(form.dataset.passkeyCreate || form.dataset.passkeyApprove) || form.elements.answer.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    fill(form);
  },
  true,
);

if (window.PublicKeyCredential) {
  for (const section of document.querySelectorAll("[data-passkey]")) new SignIn(section);
}
