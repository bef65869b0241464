// How does the picture of the sign-in page come into the documentation? By `npm run picture`, from the page itself.
import { mkdir, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Profile, launch } from "./browser.mjs";
import { Town } from "./town.mjs";

const LARGEST = 150_000;
const path = fileURLToPath(new URL("../../docs/images/sign-in.png", import.meta.url));

const [town, browser] = await Promise.all([Town.open(), launch()]);
try {
  const profile = await Profile.fresh(browser, { viewport: { width: 1040, height: 400 }, colorScheme: "light" });
  await profile.page.goto(`${town.shop}/sign-in`);
  await profile.page.getByRole("img", { name: "QR code" }).waitFor();
  await mkdir(fileURLToPath(new URL("../../docs/images", import.meta.url)), { recursive: true });
  await profile.page.screenshot({ path, fullPage: true, animations: "disabled" });
  await profile.close();
  const { size } = await stat(path);
  if (size > LARGEST) throw new Error(`the picture has ${size} bytes, more than ${LARGEST}`);
} finally {
  await browser.close();
  await town.close();
}
