#!/bin/sh
# The nightly stock report, as cron would run it. It was written before anybody here knew OAuth: it calls the API with
# curl. What is new are the lines that swap the token.
set -eu

# From the sidecar: a token that is meant for this program. From the deployment: a file for curl with its name and secret,
# so that neither is ever an argument, which others on the machine could read.
: "${TOKEN_FILE:?}" "${CURL_CREDENTIALS:?}" "${ISSUER:?}" "${STOCK_API:?}"

# Swap it: token exchange (RFC 8693). `subject_token@file` has curl read the token.
answer=$(curl --silent --show-error --fail-with-body --max-time 20 --config "$CURL_CREDENTIALS" "$ISSUER/token" \
  --data-urlencode grant_type=urn:ietf:params:oauth:grant-type:token-exchange \
  --data-urlencode subject_token_type=urn:ietf:params:oauth:token-type:access_token \
  --data-urlencode "subject_token@$TOKEN_FILE" \
  --data-urlencode resource=https://stock.internal \
  --data-urlencode scope=stock:read) || { echo "no token: $answer" >&2; exit 1; }
token=$(printf '%s' "$answer" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')

# And what it always did, with one more header; on standard input, for the same reason.
printf 'header = "Authorization: Bearer %s"\n' "$token" |
  curl --silent --show-error --fail-with-body --max-time 20 --config - "$STOCK_API/stock"
