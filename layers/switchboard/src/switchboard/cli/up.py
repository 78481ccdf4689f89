"""`switchboard up`: the platform stays up on this machine, with a softphone in the browser."""

import asyncio
import signal
from pathlib import Path

from switchboard.cli.local_platform import StartFailed, local_platform
from switchboard.settings import SettingsError


async def run_up(*, log_dir: Path, webhooks_url: str = "") -> int:
    """Run until Ctrl-C; returns the exit code. `webhooks_url`: see `local_platform`."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        overrides = {"SWITCHBOARD_DRAIN_GRACE_S": "2"}
        async with local_platform(
            log_dir=log_dir, overrides=overrides, webhooks_url=webhooks_url
        ) as platform:
            print(f"Switchboard is up. Call the agent in your browser:  {platform.public_url}")
            print(f"  voice webhook   POST {platform.public_url}/twilio/voice")
            print(f"  media socket    {platform.public_url.replace('http', 'ws', 1)}/twilio/stream")
            print(f"  readiness       {platform.public_url}/ready")
            print(f"  logs            {platform.log_dir}/")
            print("Ctrl-C stops it.", flush=True)
            await stopping.wait()
            print("stopping")
    except (SettingsError, StartFailed, OSError) as error:
        print(f"Switchboard could not start: {error}")
        return 2
    return 0
