"""Does pysaml2 accept what the server says of people? saml-in-python.test.mjs starts both."""

import os
import unittest
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.response import StatusNoAuthnContext, StatusNoPassive

from person import Person
from service_providers import PERSISTENT, page, pysaml2

PASSWORD_CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


def alice():
    return Person("alice", os.environ["PASSWORD"])


def sign_in(person, client, **asked):
    """Signs somebody in; what pysaml2 says of the answer after all its checks."""
    request, http = client.prepare_for_authenticate(relay_state="/orders?page=2", **asked)
    form = person.posts(dict(http["headers"])["Location"], page("pysaml2", "acs"))
    assert form["RelayState"] == "/orders?page=2", form["RelayState"]
    return client.parse_authn_request_response(form["SAMLResponse"], BINDING_HTTP_POST, outstanding={request: "/"})


class AServiceProvider(unittest.TestCase):
    def test_signs_a_person_in_with_signed_requests_and_an_encrypted_assertion(self):
        client, person = pysaml2(), alice()
        answer = sign_in(person, client)
        self.assertEqual(answer.ava["mail"], ["alice@example.org"])
        self.assertEqual(answer.ava["displayName"], ["Alice Example"])
        self.assertEqual(answer.name_id.format, PERSISTENT)
        self.assertEqual(answer.authn_info()[0][0], PASSWORD_CLASS)
        self.assertEqual(sign_in(person, client).name_id.text, answer.name_id.text)
        self.assertEqual(person.sign_ins, 1, "single sign-on")

    def test_signs_a_person_out(self):
        client, person = pysaml2(), alice()
        answer = sign_in(person, client)
        asked = {"reason": "", "expire": None, "expected_binding": BINDING_HTTP_REDIRECT}
        begun = client.do_logout(answer.name_id, [answer.issuer()], **asked)
        [(_, http)] = begun.values()
        back = urlsplit(person.go(dict(http["headers"])["Location"], page("pysaml2", "slo")))
        [response] = parse_qs(back.query)["SAMLResponse"]
        left = client.parse_logout_request_response(response, BINDING_HTTP_REDIRECT)
        self.assertTrue(left.status_ok())
        sign_in(person, client)
        self.assertEqual(person.sign_ins, 2, "the session at the provider was over")

    def test_posts_what_it_asks_for(self):
        client, person = pysaml2(), alice()
        request, http = client.prepare_for_authenticate(binding=BINDING_HTTP_POST, relay_state="posted")
        form = person.brings(http["data"], http["url"], page("pysaml2", "acs"))
        answer = client.parse_authn_request_response(form["SAMLResponse"], BINDING_HTTP_POST, outstanding={request: "/"})
        self.assertEqual((form["RelayState"], answer.in_response_to), ("posted", request))

    def test_asks_silently_and_for_what_nobody_can_show(self):
        client, person = pysaml2(), alice()
        with self.assertRaises(StatusNoPassive):
            sign_in(person, client, is_passive="true")
        card = {"authn_context_class_ref": ["urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard"]}
        with self.assertRaises(StatusNoAuthnContext):
            sign_in(person, client, requested_authn_context=card)
        self.assertEqual(person.sign_ins, 0)


if __name__ == "__main__":
    unittest.main()
