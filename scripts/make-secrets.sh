#!/bin/sh
# Creates the files in `secrets` that docker-compose.yml mounts as secrets. Existing files stay.
# The containers read them as the user 1000.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
cd secrets

keep() { # keep NAME: writes its input to the file, unless the file exists
  [ -e "$1" ] || cat >"$1"
}

openssl rand -hex 24 | keep postgres_password
printf 'postgresql://portal:%s@postgres:5432/partner_portal\n' "$(cat postgres_password)" | keep database_url
openssl rand -base64 48 | keep jwt_secret
openssl rand -base64 48 | keep audit_seal_key
printf '{"keys":[{"id":"%s","key":"%s"}]}\n' "$(date +%Y-%m)" "$(openssl rand -base64 32)" | keep kms_keys

# All others are not set: fill their files to set them.
names=$(sed -n 's|^  [a-z_]*: { file: \./secrets/\([a-z_]*\) }$|\1|p' ../docker-compose.yml)
for name in $names; do
  keep "$name" </dev/null
done

case $(id -u) in
  0) chown 1000 ./* ;;
  1000) ;;
  *) echo "The containers run as the user 1000: run \`sudo chown 1000 secrets/*\` so that they can read the secrets." >&2 ;;
esac
