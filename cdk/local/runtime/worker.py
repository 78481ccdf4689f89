"""One execution environment: a process that runs a function's events one after the other."""

import asyncio
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from cdk.local.runtime.api import Answer, Invocation, RuntimeApi, error_answer
from cdk.local.runtime.spec import FunctionSpec

INIT_TIMEOUT_S = 60.0
"""Lambda gives 10 s; a laptop that starts several functions at once needs longer for their imports."""
LOG_BYTES_MAX = 20 * 1024 * 1024
BOUND = Path(__file__).parents[1] / "bound.py"


class Worker:
    """Start it, invoke it any number of times, stop it. Once `is_alive` is false it is of no further use."""

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        environment: Mapping[str, str],
        overrides: Mapping[str, str],
        log_path: Path,
    ) -> None:
        self.spec = spec
        self._overrides = overrides
        self.idle_since_s = 0.0
        self._environment = environment
        self._log_path = log_path
        self._api = RuntimeApi()
        self._process: asyncio.subprocess.Process | None = None
        self._exit: asyncio.Task[int] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it can take another event."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> Answer | None:
        """Start the process and wait until it asks for an event; returns the error if it does not get so far."""
        address = await self._api.start()
        with _open_log(self._log_path) as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the folder of bound.py is not part of the function
                str(BOUND),
                "KILL",
                "awslambdaric",
                self.spec.handler,
                cwd=self.spec.code_root,
                env={**self.variables(), "AWS_LAMBDA_RUNTIME_API": address},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A terminal's Ctrl-C reaches the whole group: functions are stopped by us, after their events.
                start_new_session=True,
            )
        self._exit = asyncio.create_task(self._process.wait())
        ready = asyncio.create_task(self._api.ready.wait())
        try:
            await _first(ready, self._exit, self._api.init_error, timeout_s=INIT_TIMEOUT_S)
        finally:
            ready.cancel()
        if self._api.ready.is_set():
            return None
        # The report of a failed import arrives before the process ends, but both may be seen at once.
        answer = self._api.init_error.result() if self._api.init_error.done() else self._failed_start()
        await self.stop()
        return answer

    async def invoke(self, invocation: Invocation) -> Answer:
        """Run one event. A process that outlives the deadline is killed, as its environment would be."""
        assert self._exit is not None, "start() comes first"
        started_s = time.monotonic()
        self._log(f"START RequestId: {invocation.request_id} Version: $LATEST")
        answering = self._api.offer(invocation)
        await _first(answering, self._exit, timeout_s=self.spec.timeout_s)
        if answering.done():
            answer = answering.result()
        elif self._exit.done():
            answer = error_answer(
                "Runtime.ExitError", f"RequestId: {invocation.request_id} Error: {self._exit_reason()}"
            )
        else:
            text = f"Task timed out after {self.spec.timeout_s:.2f} seconds"
            answer = error_answer("Sandbox.Timedout", f"RequestId: {invocation.request_id} Error: {text}")
            self._log(f"RequestId: {invocation.request_id} {text}")
            await self.stop()
        elapsed_ms = (time.monotonic() - started_s) * 1000
        self._log(f"END RequestId: {invocation.request_id}")
        self._log(
            f"REPORT RequestId: {invocation.request_id} Duration: {elapsed_ms:.2f} ms "
            f"Billed Duration: {math.ceil(elapsed_ms)} ms Memory Size: {self.spec.memory_mb} MB"
        )
        return answer

    async def stop(self) -> None:
        """Kill the process and stop listening; functions get no warning on Lambda either."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._exit is not None:
            await self._exit
        await self._api.close()

    def _failed_start(self) -> Answer:
        if self._exit is not None and self._exit.done():
            return error_answer("Runtime.ExitError", f"Error: {self._exit_reason()}")
        return error_answer(
            "Sandbox.Timedout", f"Error: Init timed out after {INIT_TIMEOUT_S:.0f} s, see {self._log_path}"
        )

    def _exit_reason(self) -> str:
        assert self._exit is not None, "start() comes first"
        code = self._exit.result()
        if code < 0:
            return f"Runtime exited with error: signal: {-code}"
        return f"Runtime exited with error: exit status {code}"

    def _log(self, line: str) -> None:
        with self._log_path.open("a") as log:
            log.write(f"{line}\n")

    def variables(self) -> dict[str, str]:
        """What Lambda sets, then the host's endpoint and credentials, then the template's own.

        Of what the template names, addresses and vendors are this machine's.
        """
        spec = self.spec
        own = {
            "_HANDLER": spec.handler,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": "JSON" if spec.json_logs else "Text",
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group or f"/aws/lambda/{spec.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "LAMBDA_TASK_ROOT": str(spec.code_root),
            "LANG": "en_US.UTF-8",
            "PYTHONPATH": str(spec.code_root),
            "PYTHONUNBUFFERED": "1",
            "TZ": ":UTC",
        }
        ours = {name: value for name, value in self._overrides.items() if name in spec.environment}
        return {**own, **self._environment, **spec.environment, **ours}


async def _first(*futures: asyncio.Future[Any], timeout_s: float) -> None:
    await asyncio.wait(futures, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)


def _open_log(path: Path) -> BinaryIO:
    """Open for appending; a log that has grown large is put aside as `.1` first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")
