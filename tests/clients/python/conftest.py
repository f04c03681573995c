"""What every test starts with: the server under test, its admin API, resources and clients of this run's own.

`cargo xtask test --only clients` starts the server and sets MINTEDGE_TEST_URL and MINTEDGE_TEST_ADMIN_SECRET. The run
declares its own resources beside what is there and removes them afterwards.
"""

import itertools
import os
import secrets
import time
from dataclasses import dataclass

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import get_well_known_url

ALGORITHMS = ["EdDSA", "ES256", "RS256", "PS256"]
TIMEOUT = 120


@dataclass
class Client:
    """A registered client."""

    id: str
    secret: str | None


class Server:
    """The server under test, and its administrator."""

    def __init__(self, issuer: str, admin_secret: str):
        self.issuer = issuer
        self.run = secrets.token_hex(6)
        self._numbers = itertools.count(1)
        self.metadata = requests.get(get_well_known_url(issuer, external=True), timeout=TIMEOUT).json()
        self.resources = {alg: self._resource(alg) for alg in ALGORITHMS}
        admin = Client("mintedge-admin", admin_secret)
        self._admin = self.session(admin)
        self.fetch_token(self._admin)

    def _resource(self, alg: str) -> dict:
        name = f"{alg.lower()}-{self.run}"
        return {
            "identifier": f"https://{name}.example",
            "scopes": [f"{name}:read", f"{name}:write"],
            "signing_alg": alg,
        }

    @property
    def all_scopes(self) -> list[str]:
        return [scope for resource in self.resources.values() for scope in resource["scopes"]]

    def session(self, client: Client, method: str = "client_secret_basic") -> OAuth2Session:
        """Authlib's client."""
        return OAuth2Session(client.id, client.secret, token_endpoint_auth_method=method)

    def fetch_token(self, session: OAuth2Session, **parameters) -> dict:
        """Asks for a token with `client_credentials`."""
        url = self.metadata["token_endpoint"]
        return session.fetch_token(url, grant_type="client_credentials", timeout=TIMEOUT, **parameters)

    def admin(self, method: str, path: str, expected=(200, 201, 204), **request) -> requests.Response:
        """Calls the admin API with the token that Authlib got and attaches."""
        url = f"{self.issuer}/admin/v1/{path}"
        response = self._admin.request(method, url, timeout=TIMEOUT, **request)
        assert response.status_code in expected, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def change_config(self, change) -> None:
        """Applies `change` to the configuration in force, again when somebody else was faster."""
        for _ in range(20):
            current = self.admin("GET", "config").json()
            headers = {"If-Match": f'"{current["version"]}"'}
            wanted = change(current["config"])
            applied = self.admin("PUT", "config", (200, 412), json=wanted, headers=headers)
            if applied.status_code == 200:
                return
        raise AssertionError("other writers were faster twenty times")

    def declare_resources(self) -> None:
        own = list(self.resources.values())
        self.change_config(lambda config: {**config, "resource": config.get("resource", []) + own})

    def open_sign_up(self) -> None:
        """Lets people make accounts of their own."""
        self.change_config(lambda config: {**config, "login": {**config.get("login", {}), "sign_up": "open"}})

    def remove_resources(self) -> None:
        own = {resource["identifier"] for resource in self.resources.values()}

        def without_own(config: dict) -> dict:
            rest = [resource for resource in config["resource"] if resource["identifier"] not in own]
            return {**config, "resource": rest}

        self.change_config(without_own)

    def register(self, **members) -> Client:
        """Registers a client through the admin API; `members` override the defaults."""
        body = {
            "client_id": f"client-{self.run}-{next(self._numbers)}",
            "grant_types": ["client_credentials"],
            "scopes": self.all_scopes,
            **members,
        }
        created = self.admin("POST", "clients", json=body).json()
        secret = created.get("secret") or {}
        return Client(created["client"]["client_id"], secret.get("client_secret"))


def variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.exit(f"{name} is not set; `cargo xtask test --only clients` sets it", returncode=2)
    return value


@pytest.fixture(scope="session")
def server():
    server = Server(variable("MINTEDGE_TEST_URL"), variable("MINTEDGE_TEST_ADMIN_SECRET"))
    server.declare_resources()
    yield server
    server.remove_resources()


@pytest.fixture
def eventually():
    """Tries until `check` doesn't raise: an edge may use what it knows for a moment longer (at most 10 s here)."""

    def attempt(check, attempts: int = 20):
        for _ in range(attempts):
            try:
                return check()
            except Exception:
                time.sleep(0.5)
        return check()

    return attempt
