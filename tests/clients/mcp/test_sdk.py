"""The MCP project's SDK for Python, with its own OAuth client, against examples/mcp-server."""

import asyncio
import os
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import ClientSession
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))
from pages import Person  # noqa: E402

RESOURCE, ISSUER, LOGIN, PASSWORD = (os.environ[name] for name in ("RESOURCE", "ISSUER", "LOGIN", "PASSWORD"))
REDIRECT_URI = "http://localhost:49152/callback"


class Storage:
    """What the SDK keeps: in memory."""

    def __init__(self, client=None):
        self.client, self.tokens, self.saved = client, None, 0

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens, self.saved = tokens, self.saved + 1

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class Visitor:
    """Answers authorization requests as a person with an account does."""

    def __init__(self):
        self.requests, self.answer = [], None

    async def visit(self, url: str) -> None:
        self.requests.append({name: values[0] for name, values in parse_qs(urlsplit(url).query).items()})
        person = Person()
        page = person.submit(person.open(url), username=LOGIN, password=PASSWORD, action="login")
        landed = person.submit(page, action="allow").url
        self.answer = {name: values[0] for name, values in parse_qs(urlsplit(landed).query).items()}

    async def answered(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(
            code=self.answer["code"], state=self.answer["state"], iss=self.answer.get("iss")
        )


def metadata() -> OAuthClientMetadata:
    return OAuthClientMetadata(
        client_name="A client of the SDK",
        redirect_uris=[REDIRECT_URI],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )


def registered() -> OAuthClientInformationFull:
    return OAuthClientInformationFull(
        client_id="notes-tools", redirect_uris=[REDIRECT_URI], token_endpoint_auth_method="none"
    )


def client(storage: Storage, visitor: Visitor) -> OAuthClientProvider:
    return OAuthClientProvider(RESOURCE, metadata(), storage, visitor.visit, visitor.answered)


async def tools(provider: OAuthClientProvider) -> list[str]:
    async with httpx2.AsyncClient(auth=provider, timeout=60) as http:
        async with streamable_http_client(RESOURCE, http_client=http) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                await session.initialize()
                return [tool.name for tool in (await session.list_tools()).tools]


def test_a_registered_client_signs_in_once():
    storage, visitor = Storage(registered()), Visitor()
    assert asyncio.run(tools(client(storage, visitor))) == ["who_am_i", "list_notes", "add_note"]
    (asked,) = visitor.requests
    assert asked["resource"] == RESOURCE
    assert asked["client_id"] == "notes-tools"
    assert visitor.answer["iss"] == ISSUER
    assert storage.tokens.refresh_token

    asyncio.run(tools(client(storage, visitor)))
    assert len(visitor.requests) == 1, "another process of the client finds the token"


def test_a_token_that_has_ended_is_refreshed():
    storage, visitor = Storage(registered()), Visitor()

    async def use_and_wait_and_use():
        provider = client(storage, visitor)
        await tools(provider)
        first = storage.tokens
        # As if its hour were over.
        provider.context.token_expiry_time = 1.0
        assert await tools(provider) == ["who_am_i", "list_notes", "add_note"]
        return first

    first = asyncio.run(use_and_wait_and_use())
    assert len(visitor.requests) == 1, "nobody had to sign in again"
    assert storage.tokens.access_token != first.access_token
    assert storage.tokens.refresh_token != first.refresh_token, "refresh tokens of public clients are rotated"
