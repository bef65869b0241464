"""What do service providers in python3-saml and pysaml2 look like? Run, it writes their metadata into FOLDER."""

import os
import shutil
from pathlib import Path

import requests
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as Parser
from onelogin.saml2.settings import OneLogin_Saml2_Settings as Settings
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import create_metadata_string

ISSUER = os.environ["ISSUER"]
FOLDER = Path(os.environ["FOLDER"])
HOST = "127.0.0.1:1"
"""Nobody listens there: the service providers are asked without a network."""

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
ONELOGIN = {
    "onelogin": {"wantMessagesSigned": True, "wantAssertionsSigned": True},
    "onelogin-careful": {
        "authnRequestsSigned": True,
        "logoutRequestSigned": True,
        "wantMessagesSigned": True,
        "wantAssertionsSigned": True,
        "wantAssertionsEncrypted": True,
        "signatureAlgorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "digestAlgorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
        "rejectDeprecatedAlgorithm": True,
        "requestedAuthnContext": False,
    },
}
"""What the administrator of each service provider in python3-saml decided about security."""


def page(name, path):
    return f"http://{HOST}/{name}/{path}"


def idp_metadata():
    return requests.get(f"{ISSUER}/saml/metadata").text


def onelogin(name, **security):
    """The settings of a service provider in python3-saml, with what it reads in the metadata of the provider."""
    own = {
        "strict": True,
        "sp": {
            "entityId": page(name, "metadata"),
            "assertionConsumerService": {"url": page(name, "acs")},
            "singleLogoutService": {"url": page(name, "slo")},
            "NameIDFormat": PERSISTENT,
            "x509cert": (FOLDER / f"{name}.crt").read_text(),
            "privateKey": (FOLDER / f"{name}.key").read_text(),
        },
        "security": ONELOGIN[name] | security,
    }
    return Parser.merge_settings(Parser.parse(idp_metadata()), own)


def pysaml2(name="pysaml2", **more):
    """A service provider in pysaml2, which runs the program xmlsec1."""
    keys = {"key_file": str(FOLDER / f"{name}.key"), "cert_file": str(FOLDER / f"{name}.crt")}
    endpoints = {
        "assertion_consumer_service": [(page(name, "acs"), BINDING_HTTP_POST)],
        "single_logout_service": [(page(name, "slo"), BINDING_HTTP_REDIRECT)],
    }
    service = {
        "endpoints": endpoints,
        "authn_requests_signed": True,
        "logout_requests_signed": True,
        "want_response_signed": True,
        "want_assertions_signed": True,
        "name_id_policy_format": PERSISTENT,
        "signing_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
    }
    config = {
        "entityid": page(name, "metadata"),
        "xmlsec_binary": shutil.which("xmlsec1"),
        "metadata": {"inline": [idp_metadata()]},
        "service": {"sp": service | more},
        "encryption_keypairs": [keys],
        **keys,
    }
    return Saml2Client(SPConfig().load(config))


def write_metadata():
    for name in ONELOGIN:
        metadata = Settings(onelogin(name)).get_sp_metadata()
        (FOLDER / f"{name}.xml").write_bytes(metadata)
    metadata = create_metadata_string(None, config=pysaml2().config)
    (FOLDER / "pysaml2.xml").write_bytes(metadata)


if __name__ == "__main__":
    write_metadata()
