"""What does a shop look like that signs people in with Flask and Authlib?"""

import secrets

from authlib.integrations.flask_client import OAuth
from flask import Flask, session, url_for


def shop(issuer, client_id, client_secret):
    """A shop that knows the issuer, and what the administrator has told it."""
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes()
    provider = OAuth(app).register(
        "symbolon",
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_id=client_id,
        client_secret=client_secret,
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )

    @app.get("/sign-in")
    def sign_in():
        return provider.authorize_redirect(url_for("callback", _external=True))

    @app.get("/callback")
    def callback():
        token = provider.authorize_access_token()
        session["id_token"] = token["id_token"]
        return {"token": token, "claims": token["userinfo"], "userinfo": provider.userinfo(token=token)}

    @app.get("/sign-out")
    def sign_out():
        return provider.logout_redirect(url_for("goodbye", _external=True), id_token_hint=session.pop("id_token"))

    @app.get("/goodbye")
    def goodbye():
        provider.validate_logout_response()
        return "Goodbye"

    return app
