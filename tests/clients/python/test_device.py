"""Authlib on a device without a browser (RFC 8628): it asks for the codes and polls, and somebody approves on the pages."""

import time

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from conftest import TIMEOUT
from pages import Person
from test_login import App, metadata  # noqa: F401 (a fixture)

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Device:
    """A program that uses Authlib on a device."""

    def __init__(self, server):
        members = {"grant_types": [DEVICE, "refresh_token"], "scopes": ["openid", "email"]}
        self.client = server.register(client_name="Acme TV", token_endpoint_auth_method="none", **members)
        self.server = server
        self.session = OAuth2Session(self.client.id, scope="openid email", token_endpoint_auth_method="none")
        endpoint = f"{server.issuer}/device_authorization"
        form = {"client_id": self.client.id, "scope": "openid email"}
        self.begun = requests.post(endpoint, data=form, timeout=TIMEOUT).json()

    def poll(self) -> dict:
        """Asks until there is a decision, as RFC 8628 has it."""
        interval = self.begun["interval"]
        while True:
            try:
                return self.session.fetch_token(
                    f"{self.server.issuer}/token",
                    grant_type=DEVICE,
                    device_code=self.begun["device_code"],
                    timeout=TIMEOUT,
                )
            except OAuthError as error:
                if error.error not in {"authorization_pending", "slow_down"}:
                    raise
                interval += 5 if error.error == "slow_down" else 0
                time.sleep(interval)


def decide(person: Person, server, code: str, action: str):
    entry = person.open(f"{server.issuer}/device")
    asked = person.submit(entry, user_code=code, action="continue")
    assert "Connect <bdi>Acme TV</bdi> to your account" in asked.text
    return person.submit(asked, action=action)


@pytest.fixture
def person(server, metadata):  # noqa: F811
    person = Person()
    url, _ = App(server, metadata).request()
    person.sign_up(url)
    return person


def test_a_device_is_approved_and_refreshes(server, person):
    device = Device(server)
    with pytest.raises(OAuthError, match="authorization_pending"):
        device.session.fetch_token(
            f"{server.issuer}/token", grant_type=DEVICE, device_code=device.begun["device_code"], timeout=TIMEOUT
        )
    assert "Device allowed" in decide(person, server, device.begun["user_code"], "allow").text
    token = device.poll()
    assert token["scope"] == "openid email"
    user = device.session.get(f"{server.issuer}/userinfo", timeout=TIMEOUT).json()
    assert user["email"] == person.email
    renewed = device.session.refresh_token(f"{server.issuer}/token", refresh_token=token["refresh_token"])
    assert renewed["refresh_token"] != token["refresh_token"]


def test_a_device_learns_that_somebody_said_no(server, person):
    device = Device(server)
    decide(person, server, device.begun["user_code"], "deny")
    with pytest.raises(OAuthError, match="access_denied"):
        device.poll()
