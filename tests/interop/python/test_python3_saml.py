"""Does python3-saml accept what the server says of people? saml-in-python.test.mjs starts both."""

import os
import unittest
from urllib.parse import parse_qsl, urlsplit

from onelogin.saml2.auth import OneLogin_Saml2_Auth as Auth

from person import Person
from service_providers import HOST, PERSISTENT, onelogin, page

PASSWORD_CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"


def alice():
    return Person("alice", os.environ["PASSWORD"])


def visit(name, path, **security):
    """A visit to a page of the service provider."""

    def asked(get=(), post=(), query=""):
        place = {"https": "off", "http_host": HOST, "script_name": f"/{name}/{path}", "query_string": query}
        return Auth(place | {"get_data": dict(get), "post_data": dict(post)}, onelogin(name, **security))

    return asked


def sign_in(person, name, login=(), **security):
    """Signs somebody in; returns what the service provider then knows, and the form that brought it."""
    begun = visit(name, "sign-in", **security)()
    url = begun.login(return_to="/orders?page=2", **dict(login))
    form = person.posts(url, page(name, "acs"))
    done = visit(name, "acs", **security)(post=form)
    done.process_response(request_id=begun.get_last_request_id())
    return done, form


class AServiceProvider(unittest.TestCase):
    def test_signs_a_person_in(self):
        for name in ["onelogin", "onelogin-careful"]:
            with self.subTest(name):
                person = alice()
                done, form = sign_in(person, name)
                self.assertEqual(done.get_errors(), [], done.get_last_error_reason())
                self.assertTrue(done.is_authenticated())
                self.assertEqual(form["RelayState"], "/orders?page=2")
                self.assertEqual(done.get_nameid_format(), PERSISTENT)
                self.assertEqual(done.get_last_authn_contexts(), [PASSWORD_CLASS])
                self.assertEqual(done.get_attribute(MAIL), ["alice@example.org"])
                self.assertEqual(done.get_friendlyname_attribute("displayName"), ["Alice Example"])
                again, _ = sign_in(person, name)
                self.assertEqual(again.get_nameid(), done.get_nameid())
                self.assertEqual(person.sign_ins, 1, "single sign-on")

    def test_signs_a_person_out(self):
        person = alice()
        done, _ = sign_in(person, "onelogin-careful")
        leaving = visit("onelogin-careful", "sign-out")()
        names = {"name_id": done.get_nameid(), "name_id_format": done.get_nameid_format()}
        qualifiers = {"nq": done.get_nameid_nq(), "spnq": done.get_nameid_spnq()}
        url = leaving.logout(return_to="/bye", session_index=done.get_session_index(), **names, **qualifiers)
        back = urlsplit(person.go(url, page("onelogin-careful", "slo")))
        asked = dict(parse_qsl(back.query))
        left = visit("onelogin-careful", "slo")(get=asked, query=back.query)
        left.process_slo(request_id=leaving.get_last_request_id())
        self.assertEqual((left.get_errors(), asked["RelayState"]), ([], "/bye"), left.get_last_error_reason())
        sign_in(person, "onelogin-careful")
        self.assertEqual(person.sign_ins, 2, "the session at the provider was over")

    def test_an_answer_for_somebody_else_is_refused(self):
        _, form = sign_in(alice(), "onelogin")
        victim = visit("onelogin", "acs")(post=form)
        victim.process_response(request_id="_another")
        self.assertEqual(victim.get_errors(), ["invalid_response"])

    def test_asks_anew_and_asks_silently(self):
        person = alice()
        silent, _ = sign_in(person, "onelogin", {"is_passive": True})
        self.assertIn("NoPassive", silent.get_last_error_reason())
        self.assertEqual(person.sign_ins, 0, "nobody saw a page")
        sign_in(person, "onelogin")
        sign_in(person, "onelogin", {"force_authn": True})
        self.assertEqual(person.sign_ins, 2)
        silent, _ = sign_in(person, "onelogin", {"is_passive": True})
        self.assertTrue(silent.is_authenticated())

    def test_is_told_that_nobody_can_show_a_smart_card(self):
        card = "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard"
        person = alice()
        done, _ = sign_in(person, "onelogin", requestedAuthnContext=[card])
        self.assertIn("NoAuthnContext", done.get_last_error_reason())
        self.assertEqual(person.sign_ins, 0, "nobody typed anything in vain")


if __name__ == "__main__":
    unittest.main()
