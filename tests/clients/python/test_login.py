"""Authlib logs people in: authorization code with PKCE, ID tokens, userinfo, refresh, revocation, signing out."""

import secrets
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken, UserInfo
from authlib.oidc.discovery import get_well_known_url
from conftest import ALGORITHMS, TIMEOUT
from joserfc import jwt
from joserfc.jwk import KeySet
from pages import Person

REDIRECT_URI = "https://app.example/callback"
SIGNED_OUT_URI = "https://app.example/signed-out"
SCOPE = "openid profile email"


@pytest.fixture(scope="module")
def metadata(server):
    server.open_sign_up()
    return requests.get(get_well_known_url(server.issuer, external=True), timeout=TIMEOUT).json()


class App:
    """An application that logs people in with Authlib."""

    def __init__(self, server, metadata, **members):
        declaration = {
            "client_name": "Acme Shop",
            "grant_types": ["authorization_code", "refresh_token"],
            "scopes": ["openid", "profile", "email", "offline_access"],
            "redirect_uris": [REDIRECT_URI],
            "post_logout_redirect_uris": [SIGNED_OUT_URI],
            "first_party": True,
            **members,
        }
        self.metadata = metadata
        self.client = server.register(**declaration)
        self.session = OAuth2Session(
            self.client.id,
            self.client.secret,
            scope=SCOPE,
            redirect_uri=REDIRECT_URI,
            token_endpoint_auth_method=declaration.get("token_endpoint_auth_method", "client_secret_basic"),
            code_challenge_method="S256",
            token_endpoint=metadata["token_endpoint"],
        )

    def request(self, **more):
        """An authorization request: its URL and what its answer needs."""
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        url, state = self.session.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **more
        )
        return url, {"verifier": verifier, "nonce": nonce, "state": state}

    def redeem(self, answer: str, checks: dict) -> dict:
        return self.session.fetch_token(
            authorization_response=answer, state=checks["state"], code_verifier=checks["verifier"], timeout=TIMEOUT
        )

    def claims(self, tokens: dict, alg: str, nonce: str | None = None) -> CodeIDToken:
        """The ID token's claims, verified as OpenID Connect Core §3.1.3.7 has it."""
        keys = KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=TIMEOUT).json())
        token = jwt.decode(tokens["id_token"], keys, algorithms=[alg])
        options = {
            "iss": {"essential": True, "value": self.metadata["issuer"]},
            "aud": {"essential": True, "value": self.client.id},
        }
        parameters = {"client_id": self.client.id, "nonce": nonce, "access_token": tokens["access_token"]}
        claims = CodeIDToken(token.claims, token.header, options, parameters)
        claims.validate()
        return claims

    def userinfo(self, tokens: dict) -> requests.Response:
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        return requests.get(self.metadata["userinfo_endpoint"], headers=headers, timeout=TIMEOUT)

    def signed_up(self, **more):
        """Somebody who has just signed up, and the first tokens."""
        person = Person()
        url, checks = self.request(**more)
        return person, self.redeem(person.sign_up(url).url, checks), checks


@pytest.mark.parametrize("alg", [None, *ALGORITHMS])
def test_somebody_logs_in(server, metadata, alg):
    members = {"id_token_signed_response_alg": alg} if alg else {}
    app = App(server, metadata, **members)
    person, tokens, checks = app.signed_up()
    assert tokens["token_type"] == "Bearer"
    assert tokens["scope"] == SCOPE
    claims = app.claims(tokens, alg or "RS256", checks["nonce"])
    user = UserInfo(app.userinfo(tokens).json())
    assert (user.sub, user.email, user.name) == (claims["sub"], person.email, "Ada Lovelace")


@pytest.mark.parametrize("method", ["client_secret_post", "none"])
def test_other_ways_to_authenticate_work(server, metadata, method):
    app = App(server, metadata, token_endpoint_auth_method=method)
    _, tokens, checks = app.signed_up()
    assert app.claims(tokens, "RS256", checks["nonce"])
    assert app.session.refresh_token(refresh_token=tokens["refresh_token"])["refresh_token"]


def test_a_refresh_token_rotates_and_an_old_one_ends_the_family(server, metadata):
    app = App(server, metadata)
    _, tokens, _ = app.signed_up()
    before = app.claims(tokens, "RS256")
    used = [tokens["refresh_token"]]
    for _ in range(3):
        tokens = app.session.refresh_token(refresh_token=used[-1])
        assert tokens["refresh_token"] not in used
        used.append(tokens["refresh_token"])
        after = app.claims(tokens, "RS256")
        assert [after[name] for name in ("sub", "sid", "auth_time")] == [
            before[name] for name in ("sub", "sid", "auth_time")
        ]
        assert app.userinfo(tokens).status_code == 200
    for token in (used[0], used[-1]):
        with pytest.raises(OAuthError) as refused:
            app.session.refresh_token(refresh_token=token)
        assert refused.value.error == "invalid_grant"
    assert app.userinfo(tokens).status_code == 401


def test_revocation_ends_the_grant(server, metadata):
    app = App(server, metadata)
    _, tokens, _ = app.signed_up()
    introspect = metadata["introspection_endpoint"]
    assert app.session.introspect_token(introspect, token=tokens["refresh_token"]).json()["active"]
    answer = app.session.revoke_token(metadata["revocation_endpoint"], token=tokens["refresh_token"])
    assert answer.status_code == 200
    assert app.session.introspect_token(introspect, token=tokens["refresh_token"]).json() == {"active": False}
    assert app.userinfo(tokens).status_code == 401


def test_a_refusal_reaches_the_application(server, metadata):
    app = App(server, metadata)
    person = Person()

    def refusal(page, checks):
        answer = {name: value for name, (value,) in parse_qs(urlsplit(page.url).query).items()}
        assert (answer["state"], answer["iss"]) == (checks["state"], metadata["issuer"])
        return answer["error"]

    url, checks = app.request(prompt="none")
    assert refusal(person.open(url), checks) == "login_required"
    url, checks = app.request()
    assert refusal(person.submit(person.open(url), action="cancel"), checks) == "access_denied"


def test_a_code_needs_its_verifier(server, metadata):
    app = App(server, metadata)
    url, checks = app.request()
    answer = Person().sign_up(url).url
    with pytest.raises(OAuthError) as refused:
        app.redeem(answer, {**checks, "verifier": secrets.token_urlsafe(48)})
    assert refused.value.error == "invalid_grant"
    assert app.redeem(answer, checks)["id_token"]


def test_signing_out_ends_the_session(server, metadata):
    app = App(server, metadata)
    person, tokens, _ = app.signed_up()
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT_URI, "state": "the state"}
    page = person.open(f"{metadata['end_session_endpoint']}?{urlencode(query)}")
    assert page.url.startswith(SIGNED_OUT_URI)
    assert parse_qs(urlsplit(page.url).query) == {"state": ["the state"]}
    url, _ = app.request(prompt="none")
    assert parse_qs(urlsplit(person.open(url).url).query)["error"] == ["login_required"]
    with pytest.raises(OAuthError):
        app.session.refresh_token(refresh_token=tokens["refresh_token"])
