// How does a person of these tests get a device, and sign in with it or without?
import { Profile, enrol, password, scan } from "../browser/browser.mjs";
import { PASSWORD } from "../browser/town.mjs";

/** Registers the terminal as a device of alice, in a profile that is gone then. */
export async function register(browser, town, terminal) {
  const profile = await Profile.fresh(browser);
  await profile.page.goto(`${town.issuer}/account`);
  await password(profile.page, "alice", PASSWORD);
  await enrol(profile.page, town, terminal);
  await profile.close();
}

/** Signs in on the page with the device, in a browser that is not known: scan, six digits, is this you. */
export async function signIn(page, terminal) {
  await prove(page, terminal);
  await page.getByText("You are Alice Example").waitFor();
  await page.getByRole("button", { name: "Continue" }).click();
}

/** Proves with the device who sits there: scan, six digits. */
export async function prove(page, terminal) {
  const digits = await scan(page, terminal);
  await page.getByLabel("Type the code that your device shows").fill(digits);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}
