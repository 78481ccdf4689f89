"""Runs a module bound to the life of the process that started it: `python -P bound.py KILL awslambdaric handler`.

Run by path, not as a module, so that the program sees nothing of `cdk`. On Linux the named signal reaches it when its parent
is gone, however that came about; elsewhere a function ends with its next call to the Runtime API.
"""

import ctypes
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1
"""prctl(2)"""

if __name__ == "__main__":
    _, name, module, *arguments = sys.argv
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.Signals[f"SIG{name}"])
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
