// How do the tests get an Apache with mod_auth_mellon?
import { execFile } from "node:child_process";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Apache } from "./apache.mjs";
import { recipe } from "./recipe.mjs";
import { identityProvider, introduce } from "./saml.mjs";

const run = promisify(execFile);
/** The program that comes with the module. */
const MAKES = "/usr/sbin/mellon_create_metadata";

export class Mellon extends Apache {
  /** An Apache that knows the identity provider by its metadata, and whose own two service providers it knows. */
  static async open(town) {
    const mellon = await Mellon.planned("mellon");
    await writeFile(join(mellon.folder, "idp.xml"), (await identityProvider(town)).xml);
    const attributes = ["--attribute", "mail", "--attribute", "displayName"];
    await mellon.introduced(town, "pages", "/mellon", attributes);
    await mellon.introduced(town, "strong", "/strong/mellon", attributes);
    const config = await recipe("mod_auth_mellon", "apache", { "/etc/apache2/mellon": mellon.folder });
    await writeFile(join(mellon.folder, "recipe.conf"), config);
    await mellon.serve({});
    return mellon;
  }

  /** Makes metadata and a key as the administrator of an Apache does, and hands the metadata over. */
  async introduced(town, name, path, args) {
    const endpoint = `${this.origin}${path}`;
    const entityId = `${endpoint}/metadata`;
    await run(MAKES, [entityId, endpoint], { cwd: this.folder });
    const made = entityId.replace(/[^0-9A-Za-z.]+/g, "_");
    for (const kind of ["key", "cert", "xml"]) {
      await rename(join(this.folder, `${made}.${kind}`), join(this.folder, `${name}.${kind}`));
      await this.give(`${name}.${kind}`);
    }
    await introduce(town, name, await readFile(join(this.folder, `${name}.xml`), "utf8"), args);
  }
}
