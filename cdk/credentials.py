"""Put the credentials of carrier and vendors from `.env` into the secret of an environment: `make deploy` does.

Only names in `NAMES` are taken, from `./.env` or the process's environment. What the secret holds already stays, and
nothing is printed but names. `python -m cdk.credentials starter` may be run again at any time, also to rotate.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from dotenv import dotenv_values

from cdk.environments import environment_named

NEEDED = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
NAMES = (*NEEDED, "ANTHROPIC_API_KEY", "DEEPGRAM_API_KEY", "ELEVENLABS_API_KEY")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 1 if a gateway could not start with what the secret holds."""
    parser = argparse.ArgumentParser(prog="python -m cdk.credentials", description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--region", default=None)
    options = parser.parse_args(arguments)
    name = environment_named(options.environment).name
    given = {**dotenv_values(".env"), **os.environ}
    try:
        problem = put(boto3.Session(region_name=options.region), f"switchboard/{name}/providers", given)
    except (BotoCoreError, ClientError) as error:
        problem = f"The secret switchboard/{name}/providers cannot be read or written: {error}"
    sys.stdout.write(f"{problem or f'The secret switchboard/{name}/providers is complete.'}\n")
    return 1 if problem else 0


def put(session: boto3.Session, secret_id: str, given: Mapping[str, str | None]) -> str:
    """Add what is `given` to the secret, as one new version; return what is missing afterwards, empty if nothing is."""
    client = session.client("secretsmanager")
    before = json.loads(client.get_secret_value(SecretId=secret_id)["SecretString"])
    after = before | {name: value for name in NAMES if (value := given.get(name))}
    if after != before:
        client.put_secret_value(SecretId=secret_id, SecretString=json.dumps(after))
    missing = [name for name in NEEDED if not after.get(name)]
    if not missing:
        return ""
    return f"{secret_id} has no {' and no '.join(missing)}, without which no gateway starts. Write them into .env and run this again."


if __name__ == "__main__":
    sys.exit(main())
