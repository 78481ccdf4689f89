"""`python -m cdk.local up | serve`: the platform, or only its cloud, on this machine."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from cdk.local.serve import run_serve
from cdk.local.up import run_up

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Return the exit code: 0 after a stop that was asked for, 2 if it could not start."""
    parser = argparse.ArgumentParser(prog="python -m cdk.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="the whole platform, with a softphone in the browser")
    up.add_argument("--logs", type=Path, default=Path("build/up"), help="where the logs go")
    serve = commands.add_parser("serve", help="only the cloud; prints where it is as one line of JSON")
    serve.add_argument("--assembly", type=Path, help="a cloud assembly; without it, synthesised if stale")
    serve.add_argument("--logs", type=Path, default=Path("build/local/logs"), help="where the logs go")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    # Every request, and every failing state of a workflow: the execution's history has it.
    for noisy in ("werkzeug", "moto.stepfunctions"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    if options.command == "up":
        return asyncio.run(run_up(root=ROOT, log_dir=options.logs))
    return asyncio.run(run_serve(root=ROOT, assembly=options.assembly, log_dir=options.logs))


if __name__ == "__main__":
    sys.exit(main())
