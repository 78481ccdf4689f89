"""The whole platform on this machine: gateway, webhooks and softphone as processes of their own, behind one address.

The same programs run in the cloud; only the edge (there a load balancer) is local.
"""

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from switchboard.cli.edge import serve_edge
from switchboard.cli.upstreams import Pool
from switchboard.settings import environment, load_settings

READY_TIMEOUT_S = 60.0
"""A cold start loads models and renders phrases: seconds, on a slow machine more."""
POLL_S = 0.1
STOP_TIMEOUT_S = 10.0


class StartFailed(RuntimeError):
    """A part of the platform did not come up; the text names it and where its log is."""


@dataclass(frozen=True, slots=True)
class LocalPlatform:
    """Where everything is."""

    public_url: str
    gateway_url: str
    log_dir: Path
    auth_token: str
    processes: dict[str, asyncio.subprocess.Process]
    """`gateway` (and `gateway-2` ...), `webhooks` and `softphone`."""
    urls: Mapping[str, str]
    """Where each process listens itself, behind the edge."""
    restart: Callable[[str], Awaitable[None]]
    """Start a process of this name again, where its former one was, and wait until it is ready."""


@asynccontextmanager
async def local_platform(
    *, log_dir: Path, overrides: Mapping[str, str], gateways: int = 1, webhooks_url: str = ""
) -> AsyncIterator[LocalPlatform]:
    """Start everything, wait until it can take calls, stop it at the end.

    `overrides` are environment settings on top of the process's own. `webhooks_url` (http://host:port) answers
    `/twilio/*` instead of a process of ours. Raises `StartFailed` or `SettingsError`.
    """
    env = {**environment(), **overrides}
    env.setdefault("TWILIO_AUTH_TOKEN", secrets.token_hex(16))
    settings = load_settings(env)
    public = urlsplit(settings.public_base_url)
    gateway_port, webhook_port, softphone_port, *more_ports = free_ports(2 + gateways)
    _make_folders(log_dir, settings.state_path.parent)
    gateway_ports = (gateway_port, *more_ports)
    names = ("gateway", *(f"gateway-{number}" for number in range(2, gateways + 1)))
    commands = {
        **{name: (["-m", "voice_gateway"], port) for name, port in zip(names, gateway_ports, strict=True)},
        "webhooks": (_uvicorn("lambdas.answer_call.handler:create_app", webhook_port), webhook_port),
    }
    if settings.web_calls:
        softphone = _uvicorn("lambdas.start_web_call.handler:create_app", softphone_port)
        commands["softphone"] = (softphone, softphone_port)
    gateway = Pool([("127.0.0.1", port) for port in gateway_ports])
    webhooks = ("127.0.0.1", webhook_port)
    if webhooks_url:
        del commands["webhooks"]
        webhooks = _address(webhooks_url)
    edge = await serve_edge(
        host="127.0.0.1" if settings.is_local else "0.0.0.0",  # noqa: S104 - published on purpose, by PUBLIC_BASE_URL
        port=public.port or 8080,
        routes={
            "/twilio/stream": gateway,
            "/twilio/stream/": gateway,
            "/web/stream": gateway,
            "/health": gateway,
            "/ready": gateway,
            "/twilio/": webhooks,
            "/": ("127.0.0.1", softphone_port),
        },
    )
    processes: dict[str, asyncio.subprocess.Process] = {}

    async def start(name: str) -> None:
        arguments, port = commands[name]
        own = env | {"SWITCHBOARD_HOST": "127.0.0.1", "SWITCHBOARD_PORT": str(port)}
        processes[name] = await _start(name, arguments, own, log_dir, again=name in processes)

    async def wait_ready(name: str) -> None:
        path = "/ready" if name in names else "/health" if name == "webhooks" else "/"
        url = f"http://127.0.0.1:{commands[name][1]}{path}"
        await _wait_ready(name, url, processes[name], log_dir)

    async def restart(name: str) -> None:
        await start(name)
        await wait_ready(name)

    try:
        for name in commands:
            await start(name)
        for name in commands:
            await wait_ready(name)
        yield LocalPlatform(
            public_url=settings.public_base_url,
            gateway_url=f"http://127.0.0.1:{gateway_port}",
            log_dir=log_dir,
            auth_token=env["TWILIO_AUTH_TOKEN"],
            processes=processes,
            urls={name: f"http://127.0.0.1:{port}" for name, (_, port) in commands.items()},
            restart=restart,
        )
    finally:
        edge.close()
        await edge.wait_closed()
        await _stop(processes)


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or not parts.port:
        raise StartFailed(f"{url} is no address for the webhooks; write http://host:port")
    return parts.hostname, parts.port


def _make_folders(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _uvicorn(app: str, port: int) -> list[str]:
    return [
        "-m",
        "uvicorn",
        "--factory",
        app,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]


async def _start(
    name: str, arguments: list[str], env: Mapping[str, str], log_dir: Path, *, again: bool
) -> asyncio.subprocess.Process:
    with (log_dir / f"{name}.log").open("ab" if again else "wb") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={**os.environ, **env}, stdout=log, stderr=log
        )


async def _wait_ready(name: str, url: str, process: asyncio.subprocess.Process, log_dir: Path) -> None:
    log_path = log_dir / f"{name}.log"
    try:
        async with asyncio.timeout(READY_TIMEOUT_S), httpx2.AsyncClient(trust_env=False) as client:
            while process.returncode is None:
                try:
                    if (await client.get(url)).status_code < 500:
                        return
                except httpx2.TransportError:
                    pass  # not listening yet
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise StartFailed(
            f"the {name} did not get ready within {READY_TIMEOUT_S:g} s; see {log_path}"
        ) from None
    tail = "\n".join(log_path.read_text(errors="replace").splitlines()[-5:])
    raise StartFailed(
        f"the {name} stopped with exit code {process.returncode}; the end of {log_path}:\n{tail}"
    )


async def _stop(processes: Mapping[str, asyncio.subprocess.Process]) -> None:
    for process in processes.values():
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
    for process in processes.values():
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
