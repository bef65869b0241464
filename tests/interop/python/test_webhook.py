"""Does the program of docs/webhook.md believe what it should, and nothing else? It is run as it stands there."""

import pathlib
import re
import unittest

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "webhook.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
NOW = 1614265330
# The example of Standard Webhooks; adapters/webhook signs the same.
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(NOW),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


class Verifier(unittest.TestCase):
    def setUp(self):
        self.program = {}
        exec(re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1], self.program)

    def verify(self, headers=HEADERS, body=BODY, now=NOW):
        return self.program["verify"](headers, body, SECRET, now)

    def test_a_message_is_believed_once(self):
        self.assertEqual(self.verify(), {"test": 2432232314})
        with self.assertRaisesRegex(ValueError, "again"):
            self.verify()

    def test_what_was_changed_is_refused(self):
        for name, value in [("webhook-id", "another"), ("webhook-timestamp", str(NOW + 1)), ("webhook-signature", "v1,AAAA")]:
            with self.assertRaisesRegex(ValueError, "not from there"):
                self.verify({**HEADERS, name: value})
        with self.assertRaisesRegex(ValueError, "not from there"):
            self.verify(body=b'{"test": 1}')

    def test_what_comes_late_is_a_replay(self):
        with self.assertRaisesRegex(ValueError, "a replay"):
            self.verify(now=NOW + 301)
