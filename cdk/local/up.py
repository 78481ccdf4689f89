"""`make up`: the whole platform on this machine, on the templates, functions and workflows that are deployed.

The gateway, the softphone and the address in front of them are `switchboard up`, a process of its own, with the environment that
the voice stack's task definition gives the gateway; `/twilio/*` goes to the webhook's function as behind API Gateway.
"""

import asyncio
import os
import shlex
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx2
from botocore.exceptions import BotoCoreError, ClientError

from cdk.local.applier import ApplyError
from cdk.local.assembly import AssemblyError
from cdk.local.cloud import LocalCloud, local_cloud
from cdk.local.deployment import HttpRoute
from cdk.local.providers import Providers, ProvidersError, put_providers_secret, read_providers
from cdk.local.serve import stop_event
from cdk.local.staleness import SynthFailed, ensure_assembly
from cdk.local.tenants import NUMBER, TenantsError, put_example_tenant

STOP_TIMEOUT_S = 30.0
"""The gateway gets its drain grace, and each process ten seconds."""
WARM_TIMEOUT_S = 60.0
GATEWAY = "gateway"
"""The container's name in the voice stack's task definition."""
_BOUND = Path(__file__).with_name("bound.py")
_NOT_HERE = ("SWITCHBOARD_HOST", "SWITCHBOARD_PORT")
"""Where the gateway listens is the local edge's business."""


async def run_up(*, root: Path, log_dir: Path) -> int:
    """Run until Ctrl-C; returns the exit code."""
    stopping = stop_event()
    started_s = time.monotonic()
    try:
        providers = read_providers()
        _say(
            "Preparing the local cloud (the first time, and after a change of cdk/, this takes a minute) ..."
        )
        assembly = await asyncio.to_thread(ensure_assembly, root)
        async with local_cloud(
            assembly,
            code_root=root,
            log_dir=log_dir / "logs",
            overrides=providers.settings,
            prepare=lambda _deployment, client: put_providers_secret(client, providers),
        ) as cloud:
            await put_example_tenant(cloud)
            await _warm(cloud)
            _write_access(cloud, log_dir / "aws.env")
            _introduce(cloud, log_dir, time.monotonic() - started_s)
            return await _run_platform(cloud, providers, log_dir, stopping)
    except (AssemblyError, ApplyError, SynthFailed, ProvidersError, TenantsError) as error:
        _say(f"The local cloud could not start: {error}")
    except (OSError, BotoCoreError, ClientError) as error:
        _say(f"The local cloud could not start ({type(error).__name__}): {error}")
    return 2


async def _run_platform(
    cloud: LocalCloud, providers: Providers, log_dir: Path, stopping: asyncio.Event
) -> int:
    webhooks = ["--webhooks", cloud.http_url] if _webhooks(cloud) else []
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_BOUND),
        "TERM",
        "switchboard.cli",
        "up",
        "--logs",
        str(log_dir),
        *webhooks,
        env=gateway_environment(cloud, providers, os.environ),
        start_new_session=True,  # Ctrl-C is ours to pass on, once
    )
    exiting = asyncio.create_task(process.wait())
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({exiting, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        await _end(process, exiting)
    return 0 if stopping.is_set() else (process.returncode or 0)


async def _end(process: asyncio.subprocess.Process, exiting: "asyncio.Task[int]") -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await exiting
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def gateway_environment(
    cloud: LocalCloud, providers: Providers, environ: Mapping[str, str]
) -> dict[str, str]:
    """The environment of the gateway's container, over it what belongs to this machine and what the person has set."""
    kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    deployed = {
        name: value
        for container in cloud.deployment.containers
        if container.name == GATEWAY
        for name, value in container.environment.items()
        if name not in _NOT_HERE
    }
    return {**kept, **deployed, **providers.settings, **providers.secret, **cloud.environment}


def _webhooks(cloud: LocalCloud) -> list[HttpRoute]:
    return [route for route in cloud.deployment.routes if route.function]


async def _warm(cloud: LocalCloud) -> None:
    """Start the webhooks' function before the first caller waits for it, as SnapStart does.

    The request is unsigned, so the function does all that it does before it refuses.
    """
    for route in _webhooks(cloud)[:1]:
        async with httpx2.AsyncClient(trust_env=False, timeout=WARM_TIMEOUT_S) as client:
            await client.request(route.method, f"{cloud.http_url}{route.path}")


def _introduce(cloud: LocalCloud, log_dir: Path, took_s: float) -> None:
    deployment = cloud.deployment
    made, skipped = sum(deployment.applied.values()), sum(deployment.skipped.values())
    _say(
        f"The local cloud is up after {took_s:.0f} s: {made} resources of {len(deployment.outputs)} stacks are real, "
        f"{skipped} have no meaning on one machine."
    )
    _say(f"  endpoint        {cloud.endpoint_url}")
    _say(f"  look inside     . {log_dir}/aws.env; aws dynamodb list-tables")
    _say(
        f"  functions       {', '.join(sorted(each.label or each.name for each in deployment.functions)) or '-'}"
    )
    _say(f"  workflows       {', '.join(sorted(deployment.workflows)) or '-'}")
    _say(f"  webhooks        {cloud.http_url} (the example tenant has the number {NUMBER})")
    _say(f"  function logs   {log_dir}/logs/")


def _write_access(cloud: LocalCloud, path: Path) -> None:
    """A file to source in a shell, so that the AWS command line talks to this cloud."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(cloud.environment.items())]
    path.write_text("".join(["unset AWS_PROFILE AWS_SESSION_TOKEN\n", *lines]))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this command talks to a person
