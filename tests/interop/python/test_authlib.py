"""Does Authlib, which knows nothing but the issuer, get along with the server? authlib.test.mjs starts both."""

import json
import os
import unittest

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from person import Person
from shop import shop

ISSUER = os.environ["ISSUER"]
ORIGIN = os.environ["ORIGIN"]
SECRETS = json.loads(os.environ["SECRETS"])
METADATA = requests.get(f"{ISSUER}/.well-known/openid-configuration").json()


def alice():
    return Person("alice", os.environ["PASSWORD"])


def visit(app, path):
    return app.get(path.removeprefix(ORIGIN), base_url=ORIGIN)


def sign_in(person, client_id):
    """Signs somebody in to a shop in Flask; returns it, and what it learned."""
    app = shop(ISSUER, client_id, SECRETS[client_id]).test_client()
    url = person.go(visit(app, "/sign-in").location, f"{ORIGIN}/callback")
    answer = visit(app, url)
    assert answer.status_code == 200, answer.text
    return app, answer.json


def session(client_id, way="client_secret_basic", **more):
    ways = {"token_endpoint_auth_method": way, "revocation_endpoint_auth_method": way}
    return OAuth2Session(client_id, SECRETS[client_id], token_endpoint=METADATA["token_endpoint"], **ways, **more)


class AFlaskApp(unittest.TestCase):
    def test_signs_a_person_in_and_out(self):
        person = alice()
        app, learned = sign_in(person, "rs256")
        self.assertEqual(learned["userinfo"]["sub"], learned["claims"]["sub"])
        self.assertEqual(learned["userinfo"]["name"], "Alice Example")
        self.assertEqual(learned["userinfo"]["email"], "alice@example.org")
        goodbye = person.go(visit(app, "/sign-out").location, f"{ORIGIN}/goodbye")
        self.assertEqual(visit(app, goodbye).text, "Goodbye")
        sign_in(person, "rs256")
        self.assertEqual(person.sign_ins, 2, "the session at the provider was over")

    def test_checks_id_tokens_of_every_algorithm_by_our_keys(self):
        person = alice()
        for alg in ["rs256", "es256", "eddsa"]:
            with self.subTest(alg):
                _, learned = sign_in(person, alg)
                self.assertEqual(learned["claims"]["aud"], [alg])
        self.assertEqual(person.sign_ins, 1, "single sign-on")

    def test_login_csrf_refuses_an_answer_that_somebody_else_began(self):
        app = shop(ISSUER, "rs256", SECRETS["rs256"]).test_client()
        url = alice().go(visit(app, "/sign-in").location, f"{ORIGIN}/callback")
        victim = shop(ISSUER, "rs256", SECRETS["rs256"])
        victim.testing = True
        with self.assertRaisesRegex(OAuthError, "mismatching_state"):
            visit(victim.test_client(), url)


class ASession(unittest.TestCase):
    def test_refreshes_introspects_and_revokes(self):
        _, learned = sign_in(alice(), "refresher")
        web = session("refresher", token=learned["token"], scope="openid profile email")
        first = learned["token"]["refresh_token"]
        second = web.refresh_token(refresh_token=first)
        self.assertNotEqual(second["refresh_token"], first)
        self.assertEqual(web.get(METADATA["userinfo_endpoint"]).json()["sub"], learned["claims"]["sub"])
        told = web.introspect_token(METADATA["introspection_endpoint"], token=second["access_token"]).json()
        self.assertEqual((told["active"], told["username"]), (True, "alice"))
        self.assertEqual(web.revoke_token(METADATA["revocation_endpoint"]).status_code, 200)
        self.assertEqual(web.get(METADATA["userinfo_endpoint"]).status_code, 401)
        with self.assertRaisesRegex(OAuthError, "invalid_grant"):
            web.refresh_token(refresh_token=second["refresh_token"])

    def test_gets_a_token_for_itself_with_the_secret_in_the_header_and_in_the_form(self):
        for way in ["client_secret_basic", "client_secret_post"]:
            with self.subTest(way):
                token = session("machine", way).fetch_token(grant_type="client_credentials", scope="stock:read")
                self.assertEqual((token["token_type"], token["scope"]), ("Bearer", "stock:read"))
        with self.assertRaisesRegex(OAuthError, "invalid_client"):
            stranger = OAuth2Session("machine", "guessed", token_endpoint=METADATA["token_endpoint"])
            stranger.fetch_token(grant_type="client_credentials")


if __name__ == "__main__":
    unittest.main()
