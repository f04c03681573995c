"""Authlib swaps tokens with `fetch_token(grant_type=…)`, joserfc verifies what comes out."""

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.oauth2.rfc8414 import get_well_known_url
from conftest import TIMEOUT
from test_tokens import verify

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


class Chain:
    """A caller with a token for API One, and API One, which needs API Two."""

    def __init__(self, server):
        self.server = server
        self.one, self.two = server.resources["EdDSA"], server.resources["ES256"]
        self.read, self.target = self.one["scopes"][0], self.two["scopes"][0]
        self.caller = server.register(scopes=[self.read])
        self.token = server.fetch_token(server.session(self.caller), scope=self.read)["access_token"]
        self.api = self.api_one()

    def api_one(self, **members):
        return self.server.register(
            **{
                "grant_types": [EXCHANGE, "delegation"],
                "scopes": [self.read, self.target],
                "serves": [self.one["identifier"]],
                "exchange": {"audiences": [self.two["identifier"]], "additional_scopes": [self.target]},
                **members,
            }
        )

    def fetch(self, grant_type, client=None, **parameters):
        session = self.server.session(client or self.api)
        url = self.server.metadata["token_endpoint"]
        return session.fetch_token(url, grant_type=grant_type, timeout=TIMEOUT, **parameters)

    def exchange(self, client=None, **parameters):
        usual = {"subject_token": self.token, "subject_token_type": ACCESS_TOKEN}
        return self.fetch(EXCHANGE, client, **{**usual, **parameters})

    def verified(self, answer):
        return verify(self.server, answer["access_token"], "ES256").claims


@pytest.fixture(scope="module")
def chain(server):
    return Chain(server)


def test_the_metadata_names_the_grants_once_a_client_has_them(server, chain, eventually):
    def named():
        url = get_well_known_url(server.issuer, external=True)
        assert {EXCHANGE, "delegation"} <= set(requests.get(url, timeout=TIMEOUT).json()["grant_types_supported"])

    eventually(named)


def test_a_token_is_exchanged_for_the_next_api(chain):
    answer = chain.exchange(resource=chain.two["identifier"])
    assert (answer["issued_token_type"], answer["token_type"]) == (ACCESS_TOKEN, "Bearer")
    assert not {"refresh_token", "id_token"} & set(answer)
    claims = chain.verified(answer)
    assert (claims["sub"], claims["client_id"], claims["scope"]) == (chain.caller.id, chain.api.id, chain.target)
    assert claims["act"] == {"sub": chain.api.id, "client_id": chain.api.id}


def test_the_delegation_grant_comes_to_the_same(chain):
    claims = chain.verified(chain.fetch("delegation", token=chain.token, scope=chain.target))
    assert (claims["sub"], claims["client_id"], claims["scope"]) == (chain.caller.id, chain.api.id, chain.target)
    assert claims["amr"] == ["delegation"]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"subject_token": "nonsense"}, "invalid_request"),
        ({"subject_token_type": "urn:example:unheard"}, "invalid_request"),
        ({"resource": "https://unheard.example"}, "invalid_target"),
        ({"scope": "openid"}, "invalid_scope"),
    ],
)
def test_a_refusal_has_its_code(chain, parameters, error):
    with pytest.raises(OAuthError) as refused:
        chain.exchange(**parameters)
    assert refused.value.error == error
    assert refused.value.description


def test_a_token_for_another_api_is_refused(chain):
    stranger = chain.api_one(serves=[chain.two["identifier"]])
    with pytest.raises(OAuthError) as refused:
        chain.exchange(stranger, resource=chain.two["identifier"])
    assert refused.value.error == "invalid_request"
    with pytest.raises(OAuthError) as refused:
        chain.fetch("delegation", stranger, token=chain.token, scope=chain.target)
    assert refused.value.error == "invalid_grant"
