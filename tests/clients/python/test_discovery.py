"""Authlib finds the server and holds its metadata against the specifications."""

import requests
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from authlib.oidc.discovery import OpenIDProviderMetadata
from authlib.oidc.discovery import get_well_known_url as get_openid_url
from conftest import TIMEOUT


def document(url):
    response = requests.get(url, timeout=TIMEOUT)
    assert response.headers["content-type"] == "application/json"
    return response.json()


def test_authlib_accepts_the_rfc_8414_metadata(server):
    metadata = AuthorizationServerMetadata(document(get_well_known_url(server.issuer, external=True)))
    assert metadata["issuer"] == server.issuer
    metadata.validate()


def test_authlib_accepts_the_openid_configuration(server):
    metadata = OpenIDProviderMetadata(document(get_openid_url(server.issuer, external=True)))
    assert metadata["issuer"] == server.issuer
    metadata.validate()
