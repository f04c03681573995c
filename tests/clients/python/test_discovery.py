"""Authlib finds the server and holds its metadata against the specifications."""

import requests
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from authlib.oidc.discovery import OpenIDProviderMetadata
from authlib.oidc.discovery import get_well_known_url as get_openid_url

# REQUIRED by both documents, and empty as long as there is no authorization endpoint. Authlib takes empty for absent.
EMPTY = {
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
}


def document(url):
    response = requests.get(url, timeout=20)
    assert response.headers["content-type"] == "application/json"
    return response.json()


def validate(metadata):
    for name in metadata.REGISTRY_KEYS:
        if name not in EMPTY or metadata.get(name):
            getattr(metadata, f"validate_{name}")()


def test_authlib_accepts_the_rfc_8414_metadata(server):
    metadata = AuthorizationServerMetadata(document(get_well_known_url(server.issuer, external=True)))
    assert metadata["issuer"] == server.issuer
    validate(metadata)


def test_authlib_accepts_what_the_openid_configuration_says_so_far(server):
    metadata = OpenIDProviderMetadata(document(get_openid_url(server.issuer, external=True)))
    assert metadata["issuer"] == server.issuer
    AuthorizationServerMetadata(metadata).validate_token_endpoint()
    AuthorizationServerMetadata(metadata).validate_jwks_uri()
