"""The first program of a function's process: AWS's runtime client, bound to the life of the process that started it.

Run by path, not as a module, so that a function sees nothing of `cdk`.
"""

import ctypes
import signal
import sys

from awslambdaric.__main__ import main

PR_SET_PDEATHSIG = 1
"""prctl(2). Linux only; elsewhere a function ends with its next call to the Runtime API."""

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    main(sys.argv)
