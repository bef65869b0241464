"""How does a person without script get through the pages of the server?"""

from html.parser import HTMLParser
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin

import requests


class Form(HTMLParser):
    """The fields that the form with this action brings along."""

    def __init__(self, action, page):
        super().__init__()
        self.action, self.inside, self.fields = action, False, {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.inside = attrs.get("action") == self.action
        elif tag == "input" and self.inside and attrs.get("type") == "hidden":
            self.fields[attrs["name"]] = attrs["value"]


class Person:
    """Somebody with a browser, who remembers a name and a password."""

    def __init__(self, login, password):
        self.login, self.password = login, password
        self.sign_ins = 0
        self.browser = requests.Session()
        # Browsers trust their own computer, and this policy has to be told.
        self.browser.cookies.set_policy(DefaultCookiePolicy(secure_protocols=("http", "https")))

    def go(self, url, until):
        """Follows an address to the first one that begins with `until`, and signs in where a password is asked for."""
        answer = self.browser.get(url, allow_redirects=False)
        while not (url := self.leads(answer)).startswith(until):
            answer = self.goes_on(answer)
        return url

    def posts(self, url, to):
        """Follows an address to the form that brings something to `to`, and returns what; signs in on the way, too."""
        return self.led_to(to, self.browser.get(url, allow_redirects=False))

    def brings(self, page, url, to):
        """The same from a page that has a form which is posted to an address."""
        return self.led_to(to, self.browser.post(url, data=Form(url, page).fields, allow_redirects=False))

    def led_to(self, to, answer):
        while not (fields := Form(to, answer.text).fields):
            answer = self.goes_on(answer)
        return fields

    def goes_on(self, answer):
        if answer.is_redirect:
            return self.browser.get(self.leads(answer), allow_redirects=False)
        return self.sign_in(answer)

    @staticmethod
    def leads(answer):
        return urljoin(answer.url, answer.headers.get("location", ""))

    def sign_in(self, page):
        action = "/login/password"
        form = Form(action, page.text).fields
        assert page.status_code == 200 and form, f"{page.status_code} {page.text}"
        form |= {"login": self.login, "password": self.password}
        answer = self.browser.post(urljoin(page.url, action), data=form, allow_redirects=False)
        # The next page may come at once: a form that brings the answer to where it belongs.
        assert answer.ok and not Form(action, answer.text).fields, f"{answer.status_code} {answer.text}"
        self.sign_ins += 1
        return answer
