"""Which secrets Authlib gets across.

Its Basic header holds id and secret as they are, where RFC 6749 §2.3.1 wants both percent-encoded first; requests' own
`HTTPBasicAuth` does the same. What Mintedge generates (base62 and `_`) looks the same either way. An imported secret
works in Authlib's header unless it holds `%`, `+` or something beyond ASCII; in the body every secret works.
"""

import base64
import hashlib
from urllib.parse import quote

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from conftest import TIMEOUT, Client

PLAIN = [
    "mes_lookalike-but-not-generated",
    "p@ss:word/with?reserved&characters=#;",
    "-_.!~*'()",
    '"quotes" and \\backslashes\\ and spaces',
]
ENCODED_ONLY = ["100% certain", "one+one", "%41", "ü", "日本語"]


def registered(server, secret, method):
    """A client whose only secret is `secret`."""
    client = server.register(token_endpoint_auth_method=method)
    digest = base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).rstrip(b"=").decode()
    server.admin("POST", f"clients/{client.id}/secrets", json={"sha256": digest, "others_expire_in": 0})
    return Client(client.id, secret)


def parameters(server):
    return {"scope": server.resources["EdDSA"]["scopes"][0]}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_generated_secrets_work(server, method):
    client = server.register(token_endpoint_auth_method=method)
    assert client.secret.removeprefix("mes_").isalnum()
    assert server.fetch_token(server.session(client, method), **parameters(server))


@pytest.mark.parametrize("secret", PLAIN)
def test_imported_secrets_without_percent_plus_and_non_ascii_work_in_the_header(server, eventually, secret):
    session = server.session(registered(server, secret, "client_secret_basic"))
    assert eventually(lambda: server.fetch_token(session, **parameters(server)))


@pytest.mark.parametrize("secret", PLAIN + ENCODED_ONLY)
def test_imported_secrets_work_in_the_body(server, eventually, secret):
    client = registered(server, secret, "client_secret_post")
    session = server.session(client, "client_secret_post")
    assert eventually(lambda: server.fetch_token(session, **parameters(server)))


@pytest.mark.parametrize("secret", ENCODED_ONLY)
def test_other_imported_secrets_work_in_the_header_once_they_are_percent_encoded(server, eventually, secret):
    client = registered(server, secret, "client_secret_basic")
    encoded = server.session(Client(quote(client.id, safe=""), quote(secret, safe="")))
    assert eventually(lambda: server.fetch_token(encoded, **parameters(server)))
    with pytest.raises((OAuthError, UnicodeEncodeError)) as refused:
        server.fetch_token(server.session(client), **parameters(server))
    assert getattr(refused.value, "error", "invalid_client") == "invalid_client"


def test_requests_basic_auth_works_with_generated_secrets(server):
    client = server.register()
    form = {"grant_type": "client_credentials", **parameters(server)}
    url = server.metadata["token_endpoint"]
    response = requests.post(url, data=form, auth=(client.id, client.secret), timeout=TIMEOUT)
    assert response.status_code == 200, response.text
