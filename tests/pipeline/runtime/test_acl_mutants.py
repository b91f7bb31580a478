"""Deliberately wrong back ends for the NPU: each is the real one with one mistake in it, and the double must name it.

So a mistake of this kind in the real one would not go unnoticed, although no board is there to notice it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import importlib.util
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set

import numpy as np
import pytest
from npus import plugged_in, toy_shell, toy_store
from om_shells import BROKEN

from appliance.models import ModelStore
from appliance.pipeline import runtime

FOLDER = Path(runtime.__file__).parent
PACKAGE = "appliance.pipeline.runtime.acl"
MUTABLE = (PACKAGE, "appliance.pipeline.runtime.om_file")


class Mutant(NamedTuple):
    """``file``: below ``runtime/``. ``complaint``: what the double must say; ``course``: of what the program does."""

    name: str
    file: str
    was: str
    becomes: str
    complaint: str
    course: str = "plain"


# --- courses: what a program does with its networks -------------------------------------------------------------------


class Program:
    """A back end at work; whatever it raises, as an error or by mistake, it goes on with the next thing."""

    def __init__(self, package: Any) -> None:
        self.package = package

    def load(self, store: ModelStore) -> Any:
        with contextlib.suppress(Exception):
            return self.package.AclNetwork(store.networks / "toy.om", store.network("toy"), 1)

    def run(self, network: Any, seed: int = 0) -> None:
        random = np.random.RandomState(seed)
        shapes = {"left": (1, 2, 4, 5), "right": (1, 3, 4, 5)}
        given = {name: random.randn(*shape).astype(np.float32) for name, shape in shapes.items()}
        with contextlib.suppress(Exception):
            network.run(given)

    def close(self, network: Any) -> None:
        with contextlib.suppress(Exception):
            network.close()


def in_thread(work: Callable[..., None], *arguments: Any) -> None:
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


def plain(package: Any, folder: Path) -> Iterator[Any]:
    """Two networks, several threads, closed and loaded again, on the board and in a host."""
    program, store = Program(package), toy_store(folder, toy_shell())
    for machine in ({"profile": "cann50", "run_mode": 0}, {"profile": "cann6", "run_mode": 1}):
        with plugged_in(strict=False, package=package, **machine) as npu:
            first, second = program.load(store), program.load(store)
            program.run(first, 1)
            program.run(first, 2)
            in_thread(program.run, second, 3)
            in_thread(program.close, first)
            program.close(second)
            third = program.load(store)
            program.run(third, 4)
            in_thread(program.close, program.load(store))
        yield npu


def failing(package: Any, folder: Path) -> Iterator[Any]:
    """Each call of a short life fails, one life after the other."""
    program, store = Program(package), toy_store(folder, toy_shell())
    for number in range(1, 80):
        with plugged_in(strict=False, package=package) as npu:
            npu.fail_at(number, 207001)
            network = program.load(store)
            program.run(network)
            program.close(network)
        yield npu


def sick(package: Any, folder: Path) -> Iterator[Any]:
    """The device fails: while something is given back, once, all the time, and every other time."""
    program, store = Program(package), toy_store(folder, toy_shell())
    with plugged_in(strict=False, package=package) as npu:
        first, second = program.load(store), program.load(store)
        npu.fail_on("rt.free", 507015)
        program.close(first)
        program.run(second)
    yield npu
    for times in (1, 100):
        with plugged_in(strict=False, package=package) as npu:
            network = program.load(store)
            npu.fail_on("rt.synchronize_stream", 507015, times=times)
            for _ in range(3):
                program.run(network)
        yield npu
    with plugged_in(strict=False, package=package) as npu:
        network = program.load(store)
        for _ in range(10):
            npu.fail_on("mdl.execute_async", 507015)
            program.run(network)
    yield npu


def strange_files(package: Any, folder: Path) -> Iterator[Any]:
    """Files that are broken, or made for something else."""
    broken = [damage(toy_shell()) or b" " for damage, _ in BROKEN.values()]
    options = ("--dynamic_batch_size=1,2", "--insert_op_conf=aipp.cfg")
    for content in (*broken, toy_shell(soc="Ascend910"), *(toy_shell(options=option) for option in options)):
        program, store = Program(package), toy_store(folder, content)
        with plugged_in(strict=False, package=package) as npu:
            network = program.load(store)
            program.run(network)
        yield npu


def little_memory(package: Any, folder: Path) -> Iterator[Any]:
    program, store = Program(package), toy_store(folder, toy_shell())
    with plugged_in(strict=False, package=package, memory=1 << 20) as npu:
        program.load(store)
    yield npu


def unsettled(package: Any, folder: Path) -> Iterator[Any]:
    """A stream that is destroyed by hand."""
    program, store = Program(package), toy_store(folder, toy_shell())
    with plugged_in(strict=False, package=package) as npu:
        program.run(program.load(store))
        package.session.shared()._opened().settle = lambda: None
    yield npu


def dynamic(package: Any, folder: Path) -> Iterator[Any]:
    """A model with a hidden input for the size of the batch, of which nothing in the file tells."""
    content = toy_shell(options="--dynamic_batch_size=1,2")
    program, store = Program(package), toy_store(folder, content)
    package.network.check_entry = lambda om, entry: None
    with plugged_in(strict=False, package=package) as npu:
        program.run(program.load(store))
    yield npu


COURSES = {
    "plain": plain,
    "failing": failing,
    "sick": sick,
    "strange files": strange_files,
    "little memory": little_memory,
    "unsettled": unsettled,
    "dynamic": dynamic,
}


# --- the mistakes -----------------------------------------------------------------------------------------------------

CALLS, DEVICE, MODEL, SESSION = "acl/calls.py", "acl/device.py", "acl/model.py", "acl/session.py"
NETWORK, OM_FILE = "acl/network.py", "om_file.py"

COPY_IN = 'calls.call("rt.memcpy", address, tensor.size, array.ctypes.data, array.nbytes, device.to_device)'
EACH_INPUT = "        for array, tensor, address in zip(arrays, self.inputs, self._input.addresses):\n"
EXECUTE = (
    '        calls.call("mdl.execute_async", self._model, self._input.dataset, self._output.dataset, device.stream)\n'
)
WAIT = '        calls.call("rt.synchronize_stream", device.stream)\n'
FREE = 'undo(calls.attempt, "rt.free", address)'
UNLOAD = 'undo.callback(calls.attempt, "mdl.unload", self._model)'
END_CONTEXT = 'undo.callback(calls.attempt, "rt.destroy_context", self._context)'
END_STREAM = 'undo.callback(calls.attempt, "rt.destroy_stream", self.stream)'
MAKE_STREAM = 'self.stream: int = calls.call("rt.create_stream")'
MALLOC = 'calls.call("rt.malloc", tensor.size, _HUGE_FIRST)'
NEW_BUFFER = 'calls.value("create_data_buffer", address, tensor.size)'
ADD_BUFFER = 'calls.call("mdl.add_dataset_buffer", dataset, buffer)'
RELOAD = "            for resident in self._residents:\n                self._load(resident)\n"
DROP_ALL = "            for resident in self._residents:\n                self._drop(resident)\n"
IS_FAILURE = "if number != 0:"

MUTANTS: List[Mutant] = [
    # the process
    Mutant("never initialised", SESSION, 'self._calls.call("init")', "pass", "not-initialised"),
    Mutant("initialised each time", SESSION, "if not self._initialised:", "if self._device is None:", "init-repeated"),
    Mutant("never finalised", SESSION, 'self._calls.attempt("finalize")', "pass", "not-finalised"),
    Mutant(
        "finalised with the last network, then initialised again",
        SESSION,
        "        if not self._residents:\n            self._close_device()\n",
        "        if not self._residents:\n            self._close_device()\n"
        '            self._calls.attempt("finalize")\n            self._initialised = False\n',
        "init-after-finalize",
    ),
    Mutant(
        "finalised before the device is given back",
        SESSION,
        "            self._close_device()\n            self._residents.clear()\n",
        '            self._calls.attempt("finalize")\n            self._close_device()\n',
        "leak-device",
    ),
    Mutant(
        "finalised twice",
        SESSION,
        'self._calls.attempt("finalize")',
        'self._calls.attempt("finalize")\n                self._calls.attempt("finalize")',
        "finalize-repeated",
    ),
    # the device
    Mutant("device not set", DEVICE, 'calls.call("rt.set_device", DEVICE)', "pass", "device-not-set"),
    Mutant("another device", DEVICE, "DEVICE = 0", "DEVICE = 1", "no-such-device"),
    Mutant(
        "device not reset", DEVICE, 'undo.callback(calls.attempt, "rt.reset_device", DEVICE)', "pass", "leak-device"
    ),
    Mutant(
        "default context taken for one's own",
        DEVICE,
        'calls.call("rt.create_context", DEVICE)',
        'calls.call("rt.get_context")',
        "default-context-destroyed",
    ),
    Mutant("context not destroyed", DEVICE, END_CONTEXT, "pass", "leak-context"),
    Mutant("stream not destroyed", DEVICE, END_STREAM, "pass", "leak-stream"),
    Mutant(
        "context destroyed before its stream",
        DEVICE,
        f"{END_CONTEXT}\n            {MAKE_STREAM}\n            {END_STREAM}",
        f"{MAKE_STREAM}\n            {END_STREAM}\n            {END_CONTEXT}",
        "stream-outlives-context",
    ),
    Mutant("stream destroyed twice", DEVICE, END_STREAM, f"{END_STREAM}\n            {END_STREAM}", "dead-handle"),
    Mutant(
        "stream and context mixed up",
        DEVICE,
        '"rt.destroy_stream", self.stream',
        '"rt.destroy_stream", self._context',
        "wrong-handle",
    ),
    Mutant(
        "run mode taken for granted",
        DEVICE,
        'calls.call("rt.get_run_mode") == _RUNS_ON_DEVICE',
        "True",
        "run-mode-not-asked",
    ),
    Mutant("run mode upside down", DEVICE, "== _RUNS_ON_DEVICE", "!= _RUNS_ON_DEVICE", "wrong-copy-kind"),
    Mutant(
        "copies in as in a host everywhere",
        DEVICE,
        "_DEVICE_TO_DEVICE if on_device else _HOST_TO_DEVICE",
        "_HOST_TO_DEVICE",
        "wrong-copy-kind",
    ),
    Mutant(
        "copies out as on the board everywhere",
        DEVICE,
        "_DEVICE_TO_DEVICE if on_device else _DEVICE_TO_HOST",
        "_DEVICE_TO_DEVICE",
        "wrong-copy-kind",
    ),
    Mutant(
        "device closed before its models",
        SESSION,
        DROP_ALL + "            self._device.close()\n",
        "            self._device.close()\n" + DROP_ALL,
        "model-outlives-context",
    ),
    Mutant(
        "models unloaded after their context is gone",
        SESSION,
        DROP_ALL + "            self._device.close()\n",
        "            self._device.close()\n            self._calls.call('rt.set_device', 0)\n" + DROP_ALL,
        "dead-handle",
    ),
    Mutant(
        "model loaded when its context is gone",
        MODEL,
        "description = calls.value(",
        'calls.call("rt.destroy_context", device._context)\n            description = calls.value(',
        "dead-context",
    ),
    # threads
    Mutant(
        "no context in other threads", DEVICE, 'self._calls.call("rt.set_context", self._context)', "pass", "no-context"
    ),
    Mutant(
        "the device set instead of the context",
        DEVICE,
        'self._calls.call("rt.set_context", self._context)',
        'self._calls.call("rt.set_device", DEVICE)',
        "stream-of-another-context",
    ),
    Mutant(
        "the device set instead of the context, close",
        DEVICE,
        'self._calls.attempt("rt.set_context", self._context)',
        'self._calls.attempt("rt.set_device", DEVICE)',
        "model-of-another-context",
    ),
    Mutant(
        "closed without context",
        DEVICE,
        'self._calls.attempt("rt.set_context", self._context)',
        "pass",
        "no-context",
    ),
    # loading
    Mutant("budget not asked for", SESSION, "self._check_memory(resident, device)", "pass", "no-budget"),
    Mutant("budget ignored", SESSION, "free is not None and free < needed", "False", "over-budget", "little memory"),
    Mutant("another chip's file", SESSION, "check_soc(resident.om, device.soc)", "pass", "wrong-soc", "strange files"),
    Mutant("cut-off file", OM_FILE, "if promised != there:", "if False:", "broken-om", "strange files"),
    Mutant("encrypted file", OM_FILE, "if encrypted:", "if False:", "broken-om", "strange files"),
    Mutant(
        "path as an object",
        MODEL,
        'calls.call("mdl.load_from_file", str(path))',
        'calls.call("mdl.load_from_file", path)',
        "wrong-type",
    ),
    Mutant(
        "dynamic model taken for a fixed one",
        NETWORK,
        "self._check_signature(map(_spec, model.inputs), map(_spec, outputs))",
        "model.inputs.pop() if len(model.inputs) > 2 else None",
        "batch-not-set",
        "dynamic",
    ),
    Mutant(
        "bytes taken for float32",
        NETWORK,
        "self._check_signature(map(_spec, model.inputs), map(_spec, outputs))",
        "pass",
        "copy-overrun",
        "strange files",
    ),
    Mutant("model not unloaded", MODEL, UNLOAD, "pass", "leak-model"),
    Mutant("model unloaded twice", MODEL, UNLOAD, f"{UNLOAD}\n            {UNLOAD}", "dead-handle"),
    Mutant("description unloaded", MODEL, '"mdl.unload", self._model', '"mdl.unload", description', "wrong-handle"),
    Mutant(
        "description not destroyed",
        MODEL,
        'undo.callback(calls.attempt, "mdl.destroy_desc", description)',
        "pass",
        "leak-description",
    ),
    Mutant(
        "description not filled",
        MODEL,
        'calls.call("mdl.get_desc", description, self._model)',
        "pass",
        "empty-description",
    ),
    Mutant(
        "description's arguments swapped",
        MODEL,
        '"mdl.get_desc", description, self._model',
        '"mdl.get_desc", self._model, description',
        "wrong-handle",
    ),
    Mutant("one input too many", MODEL, "for index in range(count)", "for index in range(count + 1)", "index-past-end"),
    # memory
    Mutant("memory not freed", MODEL, FREE, "pass", "leak-memory"),
    Mutant("memory freed twice", MODEL, FREE, f"{FREE}\n            {FREE}", "double-free"),
    Mutant("memory freed too early", MODEL, FREE, 'calls.attempt("rt.free", address)', "foreign-pointer"),
    Mutant(
        "memory freed after the buffer was made",
        MODEL,
        ADD_BUFFER,
        f'{ADD_BUFFER}\n            calls.attempt("rt.free", address)',
        "use-after-free",
    ),
    Mutant(
        "half the memory", MODEL, MALLOC, 'calls.call("rt.malloc", tensor.size // 2, _HUGE_FIRST)', "buffer-overrun"
    ),
    Mutant("no memory", MODEL, MALLOC, 'calls.call("rt.malloc", 0, _HUGE_FIRST)', "no-size"),
    Mutant("huge pages only", MODEL, "_HUGE_FIRST = 0", "_HUGE_FIRST = 1", "huge-pages-only"),
    Mutant("a policy that does not exist", MODEL, "_HUGE_FIRST = 0", "_HUGE_FIRST = 9", "wrong-policy"),
    Mutant("size as float", MODEL, MALLOC, 'calls.call("rt.malloc", float(tensor.size), _HUGE_FIRST)', "wrong-type"),
    Mutant(
        "buffer not destroyed", MODEL, 'undo(calls.attempt, "destroy_data_buffer", buffer)', "pass", "leak-data-buffer"
    ),
    Mutant(
        "buffer a little too small",
        MODEL,
        NEW_BUFFER,
        'calls.value("create_data_buffer", address, tensor.size - 8)',
        "buffer-too-small",
    ),
    Mutant(
        "buffer larger than the tensor",
        MODEL,
        f"{MALLOC}\n",
        'calls.call("rt.malloc", tensor.size + 64, _HUGE_FIRST)\n'
        "            tensor = tensor._replace(size=tensor.size + 64)\n",
        "buffer-of-another-size",
    ),
    Mutant(
        "buffer in its dataset twice",
        MODEL,
        ADD_BUFFER,
        f"{ADD_BUFFER}\n            {ADD_BUFFER}",
        "buffer-in-two-places",
    ),
    Mutant(
        "address added instead of the buffer",
        MODEL,
        '"mdl.add_dataset_buffer", dataset, buffer',
        '"mdl.add_dataset_buffer", dataset, address',
        "wrong-handle",
    ),
    Mutant("buffer left out", MODEL, ADD_BUFFER, "pass", "buffers-missing"),
    Mutant("buffers in reverse", MODEL, "for tensor in tensors:", "for tensor in reversed(tensors):", "copy-overrun"),
    Mutant(
        "dataset not destroyed", MODEL, 'undo(calls.attempt, "mdl.destroy_dataset", dataset)', "pass", "leak-dataset"
    ),
    Mutant(
        "inputs' dataset for the outputs",
        MODEL,
        "self._allocate(self.outputs, undo.callback)",
        "self._input",
        "buffer-too-small",
    ),
    Mutant(
        "buffers made for each run",
        MODEL,
        "        calls, device = self._calls, self._device\n        for array",
        "        calls, device = self._calls, self._device\n"
        "        self._input = self._allocate(self.inputs, lambda *_: None)\n        for array",
        "dataset-rebuilt",
    ),
    # running
    Mutant(
        "execution that holds the GIL",
        MODEL,
        EXECUTE,
        '        calls.call("mdl.execute", self._model, self._input.dataset, self._output.dataset)\n',
        "execute-holds-gil",
    ),
    Mutant("not waited for", MODEL, WAIT, "", "read-before-synchronise"),
    Mutant(
        "device waited for before the run",
        MODEL,
        EXECUTE + WAIT,
        '        calls.call("rt.synchronize_device")\n' + EXECUTE,
        "read-before-synchronise",
    ),
    Mutant("stream closed while it runs", MODEL, WAIT, "        return []\n", "destroyed-while-running", "unsettled"),
    Mutant(
        "memory freed while it runs",
        MODEL,
        WAIT,
        '        calls.call("rt.free", self._input.addresses[0])\n' + WAIT,
        "freed-while-running",
    ),
    Mutant(
        "inputs copied too late",
        MODEL,
        EACH_INPUT + f"            {COPY_IN}\n",
        EXECUTE + EACH_INPUT + f"            {COPY_IN}\n",
        "write-while-running",
    ),
    Mutant("inputs not copied", MODEL, COPY_IN, "pass", "input-never-written"),
    Mutant("outputs copied without a run", MODEL, EXECUTE, "", "read-of-nothing"),
    Mutant(
        "too much copied in",
        MODEL,
        "array.ctypes.data, array.nbytes, device.to_device",
        "array.ctypes.data, 2 * array.nbytes, device.to_device",
        "copy-overrun",
    ),
    Mutant(
        "more room claimed than there is", MODEL, COPY_IN, COPY_IN.replace("tensor.size", "1 << 20"), "copy-overrun"
    ),
    Mutant(
        "too much copied out",
        MODEL,
        "address, array.nbytes, device.from_device",
        "address, array.nbytes + 4, device.from_device",
        "copy-overrun",
    ),
    Mutant("array instead of its address", MODEL, COPY_IN, COPY_IN.replace("array.ctypes.data", "array"), "wrong-type"),
    Mutant(
        "address as a number of numpy",
        MODEL,
        COPY_IN,
        COPY_IN.replace("array.ctypes.data", "np.int64(array.ctypes.data)"),
        "wrong-type",
    ),
    Mutant(
        "dataset instead of the address",
        MODEL,
        COPY_IN,
        COPY_IN.replace("address", "self._input.dataset"),
        "wrong-handle",
    ),
    Mutant("null address", MODEL, COPY_IN, COPY_IN.replace("address", "0"), "null-pointer"),
    Mutant("null dataset", MODEL, EXECUTE, EXECUTE.replace("self._output.dataset", "0"), "null-handle"),
    Mutant("model and stream swapped", MODEL, EXECUTE, EXECUTE.replace("device.stream", "self._model"), "wrong-handle"),
    Mutant("a handle made up", MODEL, EXECUTE, EXECUTE.replace("device.stream", "device.stream + 1"), "unknown-handle"),
    Mutant(
        "device reset instead of waited for",
        MODEL,
        WAIT,
        '        calls.call("rt.reset_device", 0)\n',
        "reset-while-running",
    ),
    Mutant(
        "batch set where it is fixed",
        MODEL,
        EXECUTE,
        '        calls.call("mdl.set_dynamic_batch_size", self._model, self._input.dataset, 0, 1)\n' + EXECUTE,
        "not-dynamic",
    ),
    Mutant(
        "written beside the memory",
        MODEL,
        COPY_IN,
        f'{COPY_IN}\n            __import__("ctypes").memset(address + tensor.size, 0, 4)',
        "canary",
    ),
    # pointers
    Mutant(
        "numpy's pointer where it is deprecated",
        MODEL,
        COPY_IN,
        COPY_IN.replace("array.ctypes.data", 'calls.value("util.numpy_to_ptr", array)'),
        "deprecated-helper",
    ),
    Mutant(
        "pointer of bytes where there is none",
        MODEL,
        COPY_IN,
        COPY_IN.replace("array.ctypes.data", 'calls.value("util.bytes_to_ptr", array.tobytes())'),
        "not-in-this-cann",
    ),
    Mutant(
        "pointer of bytes that are gone",
        MODEL,
        COPY_IN,
        COPY_IN.replace("array.ctypes.data", 'calls.value("util.bytes_to_ptr", array.tobytes())'),
        "dangling-pointer",
    ),
    Mutant(
        "pointer of an array that is gone",
        MODEL,
        COPY_IN,
        COPY_IN.replace("array.ctypes.data", 'calls.value("util.numpy_to_ptr", array + 0)'),
        "dangling-pointer",
    ),
    Mutant(
        "pointer of a transposed array",
        MODEL,
        COPY_IN,
        COPY_IN.replace("array.ctypes.data", 'calls.value("util.numpy_to_ptr", array.T)'),
        "not-contiguous",
    ),
    Mutant(
        "a view of the device's memory returned",
        MODEL,
        "        return results\n",
        '        return [calls.value("util.ptr_to_numpy", address, tensor.shape, 11, failed="")'
        " for address, tensor in zip(self._output.addresses, self.outputs)]\n",
        "view-of-device-memory",
    ),
    Mutant(
        "memory of a host on the board",
        MODEL,
        MALLOC,
        'calls.call("rt.malloc_host", tensor.size)',
        "host-memory-on-board",
    ),
    # failures
    Mutant("codes not read", CALLS, IS_FAILURE, "if False:", "failure-ignored", "failing"),
    Mutant("only some codes read", CALLS, IS_FAILURE, "if number > 500000:", "failure-ignored", "failing"),
    Mutant("no handle, not noticed", CALLS, "if result == failed:", "if False:", "null-handle", "failing"),
    Mutant(
        "no handle, taken for None", CALLS, "if result == failed:", "if result is None:", "failure-ignored", "failing"
    ),
    Mutant(
        "CANN not asked what it was",
        CALLS,
        "raise CallFailed(name, number, self._said())",
        'raise CallFailed(name, number, "")',
        "failure-ignored",
        "failing",
    ),
    Mutant(
        "a failed load leaves everything behind",
        MODEL,
        "with contextlib.ExitStack() as undo:",
        "undo = contextlib.ExitStack()\n        if True:",
        "leak-memory",
        "failing",
    ),
    Mutant(
        "a failed start leaves the device open",
        DEVICE,
        "with contextlib.ExitStack() as undo:",
        "undo = contextlib.ExitStack()\n        if True:",
        "leak-context",
        "failing",
    ),
    # a sick device
    Mutant(
        "tried again without a reset",
        SESSION,
        "            self._close_device()\n            self._start()\n" + RELOAD,
        "",
        "used-after-device-fault",
        "sick",
    ),
    Mutant(
        "opened again without closing",
        SESSION,
        "            self._close_device()\n            self._start()\n",
        "            self._start()\n",
        "used-after-device-fault",
        "sick",
    ),
    Mutant(
        "models left on a device that is reset",
        SESSION,
        DROP_ALL,
        "",
        "leak-model",
        "sick",
    ),
    Mutant(
        "a fault on the way out forgotten",
        CALLS,
        "self.noticed = error\n",
        "pass\n",
        "used-after-device-fault",
        "sick",
    ),
    Mutant("recovered from for ever", SESSION, "if self._calm < CALM:", "if False:", "endless-recovery", "sick"),
    Mutant(
        "freed although it may still run",
        DEVICE,
        'self._calls.attempt("rt.synchronize_stream", self.stream)',
        "pass",
        "unload-while-running",
        "failing",
    ),
]


# --- the test ---------------------------------------------------------------------------------------------------------


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles a module anew, with a mistake where it belongs there."""

    mutant: Optional[Mutant] = None

    def get_code(self, fullname: str) -> Any:
        source = Path(self.path).read_text(encoding="utf-8")
        if self.mutant is not None and self.path == str(FOLDER / self.mutant.file):
            assert source.count(self.mutant.was) >= 1, "the code has changed: this mutant must change with it"
            source = source.replace(self.mutant.was, self.mutant.becomes)
        return compile(source, self.path, "exec")


class _Finder:
    def __init__(self, mutant: Optional[Mutant]) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith(MUTABLE):
            return None
        stem = FOLDER.joinpath(*name.split(".")[3:])
        file = stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")
        loader = _Loader(name, str(file))
        loader.mutant = self._mutant
        places = [str(stem)] if stem.is_dir() else None
        return importlib.util.spec_from_file_location(name, str(file), loader=loader, submodule_search_locations=places)


@contextlib.contextmanager
def mutated(mutant: Optional[Mutant]) -> Iterator[Any]:
    """The package `acl` of the run times with that mistake, imported beside the real one."""
    ours = {name: module for name, module in sys.modules.items() if name.startswith(MUTABLE)}
    attributes = {"acl": runtime.acl, "om_file": runtime.om_file}
    finder = _Finder(mutant)
    for name in ours:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
    try:
        yield importlib.import_module(PACKAGE)
    finally:
        sys.meta_path.remove(finder)  # type: ignore[arg-type]
        for name in [name for name in sys.modules if name.startswith(MUTABLE)]:
            del sys.modules[name]
        sys.modules.update(ours)
        for name, module in attributes.items():
            setattr(runtime, name, module)


def complaints(mutant: Optional[Mutant], course: str, wanted: str, folder: Path) -> Set[str]:
    """Names of all complaints until the one that is wanted."""
    found: Dict[str, str] = {}
    with mutated(mutant) as package:
        for npu in COURSES[course](package, folder):
            found.update({complaint.name: str(complaint) for complaint in npu.complaints})
            if wanted in found:
                break
    return set(found)


@pytest.mark.parametrize("course", [*COURSES])
def test_the_real_one_gives_no_cause_for_complaint(course: str, tmp_path: Path) -> None:
    assert complaints(None, course, "", tmp_path) == set()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_is_named(mutant: Mutant, tmp_path: Path) -> None:
    assert mutant.complaint in complaints(mutant, mutant.course, mutant.complaint, tmp_path)


def test_there_are_enough_mistakes_and_each_is_another() -> None:
    assert len(MUTANTS) >= 30
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert len({mutant.complaint for mutant in MUTANTS}) >= 30
