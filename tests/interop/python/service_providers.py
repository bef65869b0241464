"""What do service providers in python3-saml and pysaml2 look like? Run, it writes their metadata into FOLDER."""

import os
import re
from pathlib import Path

from onelogin.saml2.settings import OneLogin_Saml2_Settings as Settings
from saml2.metadata import create_metadata_string

ISSUER = os.environ["ISSUER"]
FOLDER = Path(os.environ["FOLDER"])
HOST = "127.0.0.1:1"
"""Nobody listens there: the service providers are asked without a network."""
PAGE = Path(__file__).parents[3] / "docs" / "saml.md"

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
ONELOGIN = {
    "onelogin": {"authnRequestsSigned": False, "wantAssertionsEncrypted": False, "requestedAuthnContext": True},
    "onelogin-careful": {},
}
"""What the administrator of each service provider in python3-saml decided that is other than in docs/saml.md."""


def page(name, path):
    return f"http://{HOST}/{name}/{path}"


def recipe(heading, name):
    """What the code below a heading of docs/saml.md makes, with the addresses and files of a service provider."""
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    code = re.search("^```python\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)[1]
    examples = {
        "https://id.example.org": ISSUER,
        "https://www.example.org/saml/": page(name, ""),
        "/etc/shop/sp": str(FOLDER / name),
    }
    for example, value in examples.items():
        assert example in code, example
        code = code.replace(example, value)
    made = {}
    exec(code, made)
    return made


def onelogin(name, **security):
    """The settings of a service provider in python3-saml, with what it reads in the metadata of the provider."""
    settings = recipe("python3-saml", name)["settings"]
    return settings | {"security": settings["security"] | ONELOGIN[name] | security}


def pysaml2(name="pysaml2"):
    """A service provider in pysaml2, which runs the program xmlsec1."""
    return recipe("pysaml2", name)["client"]


def write_metadata():
    for name in ONELOGIN:
        metadata = Settings(onelogin(name)).get_sp_metadata()
        (FOLDER / f"{name}.xml").write_bytes(metadata)
    metadata = create_metadata_string(None, config=pysaml2().config)
    (FOLDER / "pysaml2.xml").write_bytes(metadata)


if __name__ == "__main__":
    write_metadata()
