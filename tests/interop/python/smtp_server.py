"""A mail server of somebody else's (aiosmtpd) for the tests of idp-server. Prints the port, then each mail as a line of JSON.

What it says to a recipient depends on the name: gone@ is refused for good, busy@ as often as --busy says.
"""

import argparse
import asyncio
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--password", help="what the user `id` has to say")
    parser.add_argument("--busy", type=int, default=0, help="how often busy@ is put off")
    parser.add_argument("--mute", type=int, default=0, help="how many mails are taken without a word")
    return parser.parse_args()


class Rules:
    def __init__(self, given):
        self.busy = given.busy
        self.mute = given.mute

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "gone":
            return "550 5.1.1 nobody of this name"
        if name == "busy" and self.busy > 0:
            self.busy -= 1
            return "451 4.7.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode(),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data,
            "hello": session.host_name,
        }
        print(json.dumps(mail), flush=True)
        if self.mute > 0:
            self.mute -= 1
            server.transport.abort()
        return "250 OK"


async def main():
    given = arguments()
    context = None
    if given.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate, given.key)

    def authenticator(server, session, envelope, mechanism, said):
        right = isinstance(said, LoginPassword) and said == LoginPassword(b"id", (given.password or "").encode())
        return AuthResult(success=right, handled=False, auth_data=mechanism if right else None)

    rules = Rules(given)

    def connected():
        return SMTP(
            rules,
            tls_context=context if given.tls == "starttls" else None,
            require_starttls=given.tls == "starttls",
            authenticator=authenticator,
            auth_required=given.password is not None,
            auth_require_tls=given.tls == "starttls",
        )

    implicit = context if given.tls == "implicit" else None
    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", given.port, ssl=implicit)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
