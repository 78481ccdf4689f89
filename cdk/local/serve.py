"""`python -m cdk.local serve`: the cloud without the platform, for tests and for trying the AWS command line.

It prints one line of JSON when it is ready, and ends with its standard input (the sign that its parent is gone), by SIGTERM
or by Ctrl-C.
"""

import asyncio
import dataclasses
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cdk.local.applier import ApplyError
from cdk.local.assembly import AssemblyError
from cdk.local.cloud import LocalCloud, local_cloud
from cdk.local.providers import put_providers_secret, read_providers
from cdk.local.staleness import SynthFailed, ensure_assembly


async def run_serve(*, root: Path, assembly: Path | None, log_dir: Path) -> int:
    """Run until told to stop; returns the exit code."""
    stopping = stop_event()
    if not sys.stdin.isatty():
        _stop_at_end_of_input(stopping)
    try:
        folder = await asyncio.to_thread(ensure_assembly, root) if assembly is None else assembly
        # Not what the person has set: tests must not depend on the machine.
        providers = read_providers({})
        async with local_cloud(
            folder,
            code_root=root,
            log_dir=log_dir,
            overrides=providers.settings,
            prepare=lambda _deployment, client: put_providers_secret(client, providers),
        ) as cloud:
            about = described(cloud) | {"secret": dict(providers.secret)}
            print(json.dumps(about), flush=True)  # noqa: T201 - the answer of this command
            await stopping.wait()
    except (AssemblyError, ApplyError, SynthFailed, OSError, BotoCoreError, ClientError) as error:
        print(f"The local cloud could not start: {error}", file=sys.stderr)  # noqa: T201 - the answer of this command
        return 2
    return 0


def stop_event() -> asyncio.Event:
    """An event that is set by Ctrl-C, SIGTERM or the end of the terminal."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def described(cloud: LocalCloud) -> dict[str, Any]:
    """What a parent process needs to know, as JSON."""
    deployment = cloud.deployment
    return {
        "endpoint_url": cloud.endpoint_url,
        "http_url": cloud.http_url,
        "environment": dict(cloud.environment),
        "functions": {each.label or each.name: each.name for each in deployment.functions},
        "workflows": deployment.workflows,
        "names": {f"{stack}/{logical_id}": ref for (stack, logical_id), ref in deployment.names.items()},
        "applied": deployment.applied,
        "skipped": deployment.skipped,
        "outputs": deployment.outputs,
        "containers": [dataclasses.asdict(each) for each in deployment.containers],
        "routes": [dataclasses.asdict(each) for each in deployment.routes],
    }


def _stop_at_end_of_input(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def watch() -> None:
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(stopping.set)

    threading.Thread(target=watch, name="end-of-input", daemon=True).start()
