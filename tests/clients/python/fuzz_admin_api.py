"""Fuzzes the admin API from its own description with schemathesis: a minute of requests that fit it, and of such that don't.

`cargo xtask test --only clients` starts a server for this alone, because what is sent configures it, and sets MINTEDGE_TEST_URL and
MINTEDGE_TEST_ADMIN_SECRET.
"""

import os
import subprocess
import sys
import tempfile

import requests

# For each of the two runs.
SECONDS = 30
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ignored_auth",
]


def main() -> int:
    issuer, secret = os.environ["MINTEDGE_TEST_URL"], os.environ["MINTEDGE_TEST_ADMIN_SECRET"]
    api = f"{issuer}/admin/v1"
    # Made-up names, so mostly 404; and the signing keys, which end tokens of before.
    # Ending everything of all clients would end the token that this asks with.
    failures = fuzz(api, token(issuer, secret), {}, ["--exclude-path", "/revoke-clients"])
    # Deep into a client and a user that there are.
    admin = token(issuer, secret)
    for path, body in [("clients", {"client_id": "fuzzed"}), ("users", {"login": "fuzzed@example.com"})]:
        made = requests.post(f"{api}/{path}", json=body, headers={"authorization": f"Bearer {admin}"}, timeout=120)
        assert made.status_code == 201, made.text
    names = {"path.client_id": "fuzzed", "path.user": made.json()["user"]["sub"]}
    kept = ["--exclude-method", "DELETE", "--exclude-path-regex", "^/(keys|config|revoke-clients)", "--exclude-path", "/clients"]
    return failures or fuzz(api, admin, names, kept)


def token(issuer: str, secret: str) -> str:
    answer = requests.post(
        f"{issuer}/token",
        data={"grant_type": "client_credentials", "resource": f"{issuer}/admin"},
        auth=("mintedge-admin", secret),
        timeout=120,
    )
    answer.raise_for_status()
    return answer.json()["access_token"]


def fuzz(api: str, admin: str, parameters: dict[str, str], options: list[str]) -> int:
    lines = ["[generation]", "with-security-parameters = false"]
    lines += ["[parameters]", *(f'"{name}" = "{value}"' for name, value in parameters.items())]
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write("\n".join(lines))
        config.flush()
        arguments = ["--config-file", config.name, "run", f"{api}/openapi.json", "--url", api]
        arguments += ["--header", f"Authorization: Bearer {admin}", "--checks", ",".join(CHECKS)]
        arguments += ["--phases", "coverage,fuzzing", "--max-time", str(SECONDS), "--warnings", "off", "--no-color"]
        command = [sys.executable, "-m", "schemathesis.cli", *arguments, *options]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
