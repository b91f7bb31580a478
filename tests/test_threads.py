"""Linear algebra in one thread: what a process with several threads that starts others relies on."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import appliance
import numpy as np
import os
import subprocess
import threading

square = np.random.default_rng(0).random((400, 400), dtype=np.float32)
done = threading.Event()

def multiply():
    while not done.is_set():
        square @ square

threads = [threading.Thread(target=multiply) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(60):
    subprocess.run(["true"], check=True, preexec_fn=os.getpid)  # fork, not vfork or posix_spawn
done.set()
for thread in threads:
    thread.join()
print("done")
"""


def run(script: str, **more: str) -> str:
    """What the script prints. With a deadline: a product that waits for ever is what must not happen."""
    variables = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, env={**variables, **more}, stdout=subprocess.PIPE, text=True, timeout=120, check=True
    )
    return done.stdout.strip()


def test_products_go_on_while_processes_are_started() -> None:
    assert run(SCRIPT) == "done"


def test_who_asks_for_threads_gets_them() -> None:
    shown = "import appliance, os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    assert run(shown) == "1"
    assert run(shown, OPENBLAS_NUM_THREADS="2") == "2"
