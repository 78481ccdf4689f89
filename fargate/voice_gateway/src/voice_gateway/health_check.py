"""The container's health check: `python -m voice_gateway.health_check` exits 0 if the gateway beside it answers.

Of the standard library only, because it starts every few seconds on the core that carries the calls.
"""

import os
import socket
import sys

TIMEOUT_S = 4.0
"""Below the container's own time-out, so that a hung gateway is told from a slow start of Python."""


def main() -> int:
    """Return the process's exit code."""
    port = int(os.environ.get("SWITCHBOARD_PORT", "8080"))
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = connection.recv(64)
    except OSError as error:
        sys.stderr.write(f"no answer on port {port}: {type(error).__name__}\n")
        return 1
    return 0 if answer.startswith(b"HTTP/1.1 200") else 1


if __name__ == "__main__":
    sys.exit(main())
