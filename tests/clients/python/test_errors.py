"""What Authlib makes of refusals."""

import pytest
from authlib.integrations.base_client.errors import OAuthError
from conftest import TIMEOUT, Client


def refusal(server, session, **parameters):
    with pytest.raises(OAuthError) as refused:
        server.fetch_token(session, **parameters)
    assert refused.value.description
    return refused.value.error


def test_a_scope_beyond_the_clients_is_invalid_scope(server):
    own, other = server.resources["EdDSA"]["scopes"]
    client = server.register(scopes=[own])
    assert refusal(server, server.session(client), scope=other) == "invalid_scope"


def test_an_unknown_resource_is_invalid_target(server):
    session = server.session(server.register())
    assert refusal(server, session, resource="https://unknown.example") == "invalid_target"


def test_a_grant_that_the_client_may_not_use_is_unauthorized_client(server):
    session = server.session(server.register(grant_types=[]))
    assert refusal(server, session) == "unauthorized_client"


def test_a_grant_that_is_not_there_is_unsupported_grant_type(server):
    session = server.session(server.register())
    with pytest.raises(OAuthError) as refused:
        session.fetch_token(server.metadata["token_endpoint"], grant_type="urn:example:nothing", timeout=TIMEOUT)
    assert refused.value.error == "unsupported_grant_type"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_wrong_secret_is_invalid_client(server, method):
    client = server.register(token_endpoint_auth_method=method)
    session = server.session(Client(client.id, "wrong"), method)
    assert refusal(server, session) == "invalid_client"


def test_an_unknown_client_is_invalid_client(server):
    assert refusal(server, server.session(Client("nobody", "wrong"))) == "invalid_client"


def test_another_method_than_the_registered_one_is_invalid_client(server):
    pinned = server.register(token_endpoint_auth_method="client_secret_basic")
    session = server.session(pinned, "client_secret_post")
    assert refusal(server, session) == "invalid_client"
