"""The NPU: one Ascend 310 with its state, as a program may use it."""

from __future__ import annotations

import ctypes
import sys
import time
import weakref
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple

import numpy as np
import om_shells

from .computing import HIDDEN, Program
from .machine import Machine
from .things import Block, Buffer, Context, Dataset, Description, Model, Refusal, Stream, Task, Tensor, Thing

ACL_DEVICE, ACL_HOST = 0, 1
HOST_TO_HOST, HOST_TO_DEVICE, DEVICE_TO_HOST, DEVICE_TO_DEVICE = range(4)
SLACK = 64
"""Bytes by which a buffer may be too small before CANN notices."""
WORK = 1 << 20
HUGE_ONLY, HUGE_PAGES = 1, 50 << 20


class Npu(Machine):
    """``memory``: bytes of the device. ``half`` and ``tensor_names``: see `computing.Program`. ``wait``: s that waiting
    for a stream takes. ``patience``: resets after a fault in the life of a program."""

    def __init__(
        self, profile: str = "cann50", run_mode: int = ACL_DEVICE, soc: str = "Ascend310", memory: int = 1 << 32,
        half: bool = True, tensor_names: bool = True, wait: float = 0.0, patience: int = 4,
    ) -> None:  # fmt: skip
        super().__init__(profile)
        self.run_mode, self.soc, self.memory, self.wait = run_mode, soc, memory, wait
        self._program_options = {"half": half, "tensor_names": tensor_names}
        self.initialised = self.finalised = False
        self._asked_run_mode = False
        self._patience = patience
        self._resets = 0
        self._default: Optional[Context] = None
        self._budgeted: Set[str] = set()
        self._programs: Dict[int, Program] = {}
        self._freed: List[Block] = []
        self._hosts: Dict[int, Tuple[Any, bool]] = {}

    # --- the process --------------------------------------------------------------------------------------------------

    def init(self) -> None:
        if self.finalised:
            self.misuse("init-after-finalize", 100002, "CANN cannot be initialised again in the same process")
        if self.initialised:
            self.misuse("init-repeated", 100002, "initialised twice")
        self.initialised = True

    def finalize(self) -> None:
        if self.finalised or not self.initialised:
            self.misuse("finalize-repeated", 100037, "not initialised, or finalised before")
        self._leaks("finalize", tuple(self.things.values()))
        self.things.clear()
        if self.device:
            self.complain("leak-device", "finalize", "the device was not reset")
        self.finalised = True

    def get_soc_name(self) -> str:
        self._ready()
        return self.soc

    def check_end(self) -> None:
        if self.initialised and not self.finalised:
            self.complain("not-finalised", "end", "the program ended without finalize")
            self._leaks("end", tuple(self.things.values()))
        for block in [*self.alive(Block), *self._freed]:
            self._check_canary(block)

    def _ready(self) -> None:
        if not self.initialised or self.finalised:
            self.misuse("not-initialised", 100001, "init was not called, or finalize was")

    def _leaks(self, call: str, things: Tuple[Thing, ...]) -> None:
        for thing in things:
            if isinstance(thing, Context) and thing.default:
                continue
            self.complain(f"leak-{thing.kind}", call, f"a {thing.kind} was not given back; made here:", thing.where)

    # --- device, contexts, streams ------------------------------------------------------------------------------------

    def rt_get_device_count(self) -> int:
        self._ready()
        return 1

    def rt_set_device(self, number: int) -> None:
        self._ready()
        if number != 0:
            self.misuse("no-such-device", 107001, f"there is one device, 0, not {number}")
        if not self.device:
            self.device = True
            self._default = Context(default=True)
            self.new_handle(self._default)
        self.thread.context = self._default

    def rt_reset_device(self, number: int) -> None:
        self._ready()
        if not self.device or number != 0:
            self.misuse("device-not-set", 107001, "this device was not set")
        if any(stream.tasks for stream in self.alive(Stream)):
            self.complain("reset-while-running", "rt.reset_device", "a stream still has work")
        of_device = (Context, Stream, Model, Block)
        for handle, thing in list(self.things.items()):
            if isinstance(thing, of_device):
                self._leaks("rt.reset_device", (thing,))
                self.forget(handle)
        self.device, self._default = False, None
        self._resets += bool(self.sick)
        self.sick = 0
        if self._resets > self._patience:
            self.complain("endless-recovery", "rt.reset_device", f"reset {self._resets} times after a fault")

    def rt_create_context(self, number: int) -> int:
        self._ready()
        if not self.device or number != 0:
            self.misuse("device-not-set", 107001, "set_device comes first")
        self.thread.context = Context(default=False)
        return self.new_handle(self.thread.context)

    def rt_set_context(self, handle: int) -> None:
        self._ready()
        self.thread.context = self.find(Context, handle, 107002)

    def rt_get_context(self) -> int:
        current = self.context()
        return next(handle for handle, thing in self.things.items() if thing is current)

    def rt_destroy_context(self, handle: int) -> None:
        context = self.find(Context, handle, 107002)
        if context.default:
            self.misuse(
                "default-context-destroyed", 107000, "this is the context of set_device, not one of create_context"
            )
        for stream in self.alive(Stream):
            if stream.context is context:
                self.complain("stream-outlives-context", "rt.destroy_context", "its streams go first")
        for model in self.alive(Model):
            if model.context is context:
                self.complain("model-outlives-context", "rt.destroy_context", "its models go first")
        self.forget(handle)

    def rt_create_stream(self) -> int:
        return self.new_handle(Stream(self.context()))

    def rt_destroy_stream(self, handle: int) -> None:
        stream = self._stream(handle)
        if stream.tasks and not self.sick:
            self.complain("destroyed-while-running", "rt.destroy_stream", "the stream still has work")
        self.forget(handle)

    def rt_synchronize_stream(self, handle: int) -> None:
        with self.lock:
            stream = self._stream(handle)
            self._healthy()
            tasks = list(stream.tasks)
        time.sleep(self.wait)
        for task in tasks:
            self._compute(task)
        with self.lock:
            del stream.tasks[: len(tasks)]

    def rt_synchronize_device(self) -> None:
        for handle, thing in list(self.things.items()):
            if isinstance(thing, Stream):
                self.rt_synchronize_stream(handle)

    def rt_get_run_mode(self) -> int:
        self.context()
        self._asked_run_mode = True
        return self.run_mode

    def _stream(self, handle: int) -> Stream:
        stream = self.find(Stream, handle, 107003)
        if stream.context is not self.context():
            self.misuse("stream-of-another-context", 107003, "the stream was made in another context")
        return stream

    def _healthy(self) -> None:
        if self.sick:
            raise Refusal(self.sick, "the device failed")

    def _well_used(self) -> None:
        """For calls that would only be made by someone who did not notice."""
        if self.sick:
            self.misuse("used-after-device-fault", self.sick, "the device failed and was not reset")

    # --- memory -------------------------------------------------------------------------------------------------------

    def rt_malloc(self, size: int, policy: int) -> int:
        self.context()
        self._well_used()
        if size <= 0:
            self.misuse("no-size", 100000, "memory of no bytes")
        if policy not in range(6):
            self.misuse("wrong-policy", 100000, f"there is no policy {policy}")
        if policy == HUGE_ONLY:
            self.complain("huge-pages-only", "rt.malloc", "the board has 25 huge pages in all")
        if size > self._free() or (policy == HUGE_ONLY and size > HUGE_PAGES):
            raise Refusal(207001, f"no {size} bytes left")
        block = Block(size)
        self.things[block.address] = block
        return block.address

    def rt_free(self, address: int) -> None:
        self.context()
        if address == 0:
            self.misuse("null-pointer", 100000, "address 0")
        block = self.things.get(address)
        if not isinstance(block, Block):
            if any(freed.address == address for freed in self._freed):
                self.misuse("double-free", 107000, "this memory was freed before")
            self.misuse("foreign-pointer", 107000, "no memory of malloc begins here")
        if not self.sick and any(block in blocks for _, blocks in self._busy()):
            self.complain("freed-while-running", "rt.free", "a run that waits in a stream uses it")
        self._check_canary(block)
        self.forget(address)
        self._freed.append(block)

    def rt_malloc_host(self, size: int) -> int:
        self.misuse("host-memory-on-board", 207000, "where the program runs on the device there is no host memory")

    def rt_free_host(self, address: int) -> None:
        self.misuse("host-memory-on-board", 207000, "where the program runs on the device there is no host memory")

    def rt_memset(self, address: int, most: int, value: int, count: int) -> None:
        block = self._block(address, count, writing=True)
        if block is None or count > most:
            self.misuse("copy-overrun", 107000, "more than there is room for")
        ctypes.memset(address, value, count)
        block.written = True

    def rt_memcpy(self, target: int, most: int, source: int, count: int, kind: int) -> None:
        self.context()
        self._well_used()
        if target == 0 or source == 0:
            self.misuse("null-pointer", 100000, "address 0")
        if not self._asked_run_mode:
            self.complain("run-mode-not-asked", "rt.memcpy", "which kind of copy is right depends on the run mode")
        if count > most:
            self.misuse("copy-overrun", 107000, f"{count} bytes where {most} fit")
        into, out_of = self._block(target, most, writing=True), self._block(source, count, writing=False)
        self._check_kind(kind, into, out_of)
        for address, block in ((target, into), (source, out_of)):
            if block is None:
                self._check_host(address)
        ctypes.memmove(target, source, count)
        if into is not None:
            into.written = True

    def rt_get_mem_info(self, kind: int) -> Tuple[int, int]:
        self.context()
        return self._free(), self.memory

    def _free(self) -> int:
        models = sum(model.size for model in self.alive(Model))
        return self.memory - models - sum(block.size + SLACK for block in self.alive(Block))

    def _block(self, address: int, count: int, writing: bool) -> Optional[Block]:
        """The device memory at an address, with ``count`` bytes of room; None for memory that is not the device's."""
        if address in self.things and not isinstance(self.things[address], Block):
            self.misuse("wrong-handle", 100000, f"an address is wanted, a {self.things[address].kind} was given")
        if address >= 1 << 56:
            self.misuse("unknown-handle", 100000, f"{address:#x} can be no address")
        for block in self._freed:
            if block.address <= address < block.address + block.size:
                self.misuse("use-after-free", 107000, "this memory was freed")
        for block in self.alive(Block):
            if block.address <= address < block.address + block.size:
                if address + count > block.address + block.size:
                    self.misuse("copy-overrun", 107000, f"{count} bytes of a block of {block.size}")
                self._check_idle(block, writing)
                if not writing and not block.written:
                    self.complain("read-of-nothing", self.calls[-1], "nothing was written there yet")
                return block
        return None

    def _check_idle(self, block: Block, writing: bool) -> None:
        for task, _ in self._busy():
            if block in task.blocks["writes"]:
                self.complain("read-before-synchronise", self.calls[-1], "a run that still waits writes there")
            elif writing and block in task.blocks["reads"]:
                self.complain("write-while-running", self.calls[-1], "a run that still waits reads there")

    def _check_kind(self, kind: int, into: Optional[Block], out_of: Optional[Block]) -> None:
        if self.run_mode == ACL_DEVICE:
            right = DEVICE_TO_DEVICE
        elif into is None:
            right = HOST_TO_HOST if out_of is None else DEVICE_TO_HOST
        else:
            right = HOST_TO_DEVICE if out_of is None else DEVICE_TO_DEVICE
        if kind != right:
            self.misuse("wrong-copy-kind", 507013, f"kind {kind} where it must be {right}")

    def _check_canary(self, block: Block) -> None:
        if not block.intact():
            self.complain("canary", "end", "something was written beside this memory; made here:", block.where)

    def _busy(self) -> List[Tuple[Task, List[Block]]]:
        tasks = [task for stream in self.alive(Stream) for task in stream.tasks]
        return [(task, [*task.blocks["reads"], *task.blocks["writes"]]) for task in tasks]

    # --- pointers of numpy and bytes ----------------------------------------------------------------------------------

    def util_numpy_to_ptr(self, array: Any) -> int:
        if not isinstance(array, np.ndarray):
            raise ValueError("numpy_to_ptr takes an ndarray")
        if not array.flags.c_contiguous:
            self.complain("not-contiguous", self.calls[-1], "the memory at this address is not the array")
        address = array.__array_interface__["data"][0]
        self._hosts[address] = (weakref.ref(array), True)
        return address

    util_numpy_contiguous_to_ptr = util_numpy_to_ptr

    def util_bytes_to_ptr(self, content: Any) -> int:
        if type(content) is not bytes:
            raise TypeError("acl.util.bytes_to_ptr args parse failed")
        address = ctypes.cast(ctypes.c_char_p(content), ctypes.c_void_p).value or 0
        self._hosts[address] = (content, False)
        return address

    def util_ptr_to_bytes(self, address: int, size: int) -> bytes:
        self._block(address, size, writing=False)
        return ctypes.string_at(address, size)

    def util_ptr_to_numpy(self, address: int, shape: tuple, kind: int) -> np.ndarray:
        dtype = {11: "float32", 23: "float16", 2: "uint8", 5: "int32"}[kind]
        count = int(np.prod(shape)) * np.dtype(dtype).itemsize
        block = self._block(address, count, writing=False)
        if block is not None:
            self.complain(
                "view-of-device-memory", self.calls[-1], "the next run overwrites it, free leaves it dangling"
            )
        return np.frombuffer(ctypes.string_at(address, count), dtype).reshape(shape)

    def _check_host(self, address: int) -> None:
        """An address that a helper gave out must still belong to a living object."""
        if address not in self._hosts:
            return
        held, weak = self._hosts[address]
        if weak and held() is None:
            self.misuse("dangling-pointer", 107000, "the array of this address is gone")
        if not weak and sys.getrefcount(held) <= 3:  # the table, the name above, the argument
            del self._hosts[address]
            self.misuse("dangling-pointer", 107000, "the bytes of this address are gone")

    # --- models -------------------------------------------------------------------------------------------------------

    def mdl_query_size(self, path: str) -> Tuple[int, int]:
        self._ready()
        content = self._file(path)
        self._budgeted.add(path)
        return WORK, len(om_shells.partitions(content)[om_shells.WEIGHTS])

    def mdl_load_from_file(self, path: str) -> int:
        context = self.context()
        self._well_used()
        content = self._file(path)
        if path not in self._budgeted:
            self.complain("no-budget", "mdl.load_from_file", "query_size was not asked what the model needs")
        if om_shells.soc_of(content) != self.soc:
            text = f"model check compatibility failed, supported socVersion={self.soc}, but the model socVersion="
            self.misuse("wrong-soc", 507008, text + om_shells.soc_of(content))
        program = Program(content, **self._program_options)
        size = WORK + len(om_shells.partitions(content)[om_shells.WEIGHTS])
        if size > self._free():
            self.complain(
                "over-budget", "mdl.load_from_file", "a board freezes where a model is loaded that does not fit"
            )
            raise Refusal(207001, "out of memory")
        model = Model(context, program.inputs, program.outputs, size)
        model.batches = program.batches
        handle = self.new_handle(model)
        self._programs[id(model)] = program
        return handle

    def mdl_unload(self, handle: int) -> None:
        model = self._model(handle)
        if not self.sick and any(task.model is model for task, _ in self._busy()):
            self.complain("unload-while-running", "mdl.unload", "a run of it still waits")
        self.forget(handle)

    def _file(self, path: str) -> bytes:
        if not Path(path).is_file():
            raise Refusal(145002, f"{path} does not exist")
        content = Path(path).read_bytes()
        whole = len(content) > om_shells.HEADER and content[:4] == b"IMOD" and not content[80]
        if whole:
            lengths = int.from_bytes(content[184:192], "little"), int.from_bytes(content[76:80], "little")
            whole = (lengths[0] or lengths[1]) == len(content) - om_shells.HEADER
        if not whole:
            self.misuse("broken-om", 145006, "the NPU was given a file that is no whole, plain .om")
        return content

    def _model(self, handle: int) -> Model:
        model = self.find(Model, handle, 145003)
        if model.context is not self.context():
            self.misuse("model-of-another-context", 107004, "the model was loaded in another context")
        return model

    # --- descriptions -------------------------------------------------------------------------------------------------

    def mdl_create_desc(self) -> int:
        self._ready()
        return self.new_handle(Description())

    def mdl_destroy_desc(self, handle: int) -> None:
        self.find(Description, handle)
        self.forget(handle)

    def mdl_get_desc(self, handle: int, model: int) -> None:
        self.find(Description, handle).model = self._model(model)

    def mdl_get_num_inputs(self, handle: int) -> int:
        return len(self._described(handle).inputs)

    def mdl_get_num_outputs(self, handle: int) -> int:
        return len(self._described(handle).outputs)

    def mdl_get_input_size_by_index(self, handle: int, index: int) -> int:
        return self._tensor(self._described(handle).inputs, index).size

    def mdl_get_output_size_by_index(self, handle: int, index: int) -> int:
        return self._tensor(self._described(handle).outputs, index).size

    def mdl_get_input_name_by_index(self, handle: int, index: int) -> str:
        return self._tensor(self._described(handle).inputs, index).name

    def mdl_get_output_name_by_index(self, handle: int, index: int) -> str:
        return self._tensor(self._described(handle).outputs, index).name

    def mdl_get_input_data_type(self, handle: int, index: int) -> int:
        return self._tensor(self._described(handle).inputs, index).type_id

    def mdl_get_output_data_type(self, handle: int, index: int) -> int:
        return self._tensor(self._described(handle).outputs, index).type_id

    def mdl_get_input_format(self, handle: int, index: int) -> int:
        return 0 if self._tensor(self._described(handle).inputs, index) else -1

    def mdl_get_input_dims(self, handle: int, index: int) -> Dict[str, Any]:
        return _dims(self._tensor(self._described(handle).inputs, index))

    def mdl_get_output_dims(self, handle: int, index: int) -> Dict[str, Any]:
        return _dims(self._tensor(self._described(handle).outputs, index))

    def mdl_get_input_index_by_name(self, handle: int, name: str) -> int:
        names = [tensor.name for tensor in self._described(handle).inputs]
        if name not in names:
            raise Refusal(100000, f"no input {name}")
        return names.index(name)

    def mdl_get_dynamic_batch(self, handle: int) -> Dict[str, Any]:
        batches = self._described(handle).batches
        return {"batchCount": len(batches), "batch": batches}

    def mdl_set_dynamic_batch_size(self, handle: int, dataset: int, index: int, batch: int) -> None:
        model = self._model(handle)
        self.find(Dataset, dataset)
        if not model.batches:
            self.misuse("not-dynamic", 100019, "the model has fixed shapes")
        if batch not in model.batches or model.inputs[index].name != HIDDEN:
            self.misuse("wrong-batch", 145013, f"batches are {model.batches}")
        model.batch_set = True

    def _described(self, handle: int) -> Model:
        model = self.find(Description, handle).model
        if model is None:
            self.misuse("empty-description", 100000, "get_desc was not called")
        return model

    def _tensor(self, tensors: List[Tensor], index: int) -> Tensor:
        if not 0 <= index < len(tensors):
            self.misuse("index-past-end", 100000, f"there are {len(tensors)}, index {index} was asked for")
        return tensors[index]

    # --- datasets and runs --------------------------------------------------------------------------------------------

    def create_data_buffer(self, address: int, size: int) -> int:
        self._ready()
        block = self.things.get(address)
        if not isinstance(block, Block):
            self.misuse("foreign-pointer", 100000, "no memory of malloc begins here")
        if size > block.size:
            self.misuse("buffer-overrun", 100000, f"a buffer of {size} bytes in a block of {block.size}")
        return self.new_handle(Buffer(address, size))

    def update_data_buffer(self, handle: int, address: int, size: int) -> None:
        buffer = self.find(Buffer, handle)
        buffer.address, buffer.size = address, size

    def destroy_data_buffer(self, handle: int) -> None:
        self.find(Buffer, handle)
        self.forget(handle)

    def get_data_buffer_addr(self, handle: int) -> int:
        return self.find(Buffer, handle).address

    def get_data_buffer_size(self, handle: int) -> int:
        return self.find(Buffer, handle).size

    def mdl_create_dataset(self) -> int:
        self._ready()
        return self.new_handle(Dataset())

    def mdl_destroy_dataset(self, handle: int) -> None:
        self.find(Dataset, handle)
        self.forget(handle)

    def mdl_add_dataset_buffer(self, handle: int, buffer: int) -> int:
        dataset, added = self.find(Dataset, handle), self.find(Buffer, buffer)
        if added.dataset is not None:
            self.misuse("buffer-in-two-places", 100000, "this buffer is in a dataset already")
        added.dataset = dataset
        dataset.buffers.append(added)
        return handle

    def mdl_get_dataset_num_buffers(self, handle: int) -> int:
        return len(self.find(Dataset, handle).buffers)

    def mdl_get_dataset_buffer(self, handle: int, index: int) -> int:
        buffers = self.find(Dataset, handle).buffers
        if not 0 <= index < len(buffers):
            self.misuse("index-past-end", 100000, f"there are {len(buffers)}, index {index} was asked for")
        return next(key for key, thing in self.things.items() if thing is buffers[index])

    def mdl_execute(self, model: int, inputs: int, outputs: int) -> None:
        self.complain("execute-holds-gil", "mdl.execute", "no other Python thread runs meanwhile: use execute_async")
        self._compute(self._task(model, inputs, outputs))

    def mdl_execute_async(self, model: int, inputs: int, outputs: int, stream: int) -> None:
        found = self._stream(stream)
        found.tasks.append(self._task(model, inputs, outputs))

    def _task(self, handle: int, inputs: int, outputs: int) -> Task:
        self._well_used()
        model = self._model(handle)
        given, taken = self.find(Dataset, inputs), self.find(Dataset, outputs)
        if model.batches and not model.batch_set:
            self.misuse("batch-not-set", 145012, "the size of the batch was not set")
        if model.datasets not in (None, (given, taken)):
            self.complain("dataset-rebuilt", self.calls[-1], "buffers are made once a model, not once a run")
        model.datasets = (given, taken)
        blocks = {"reads": self._fitting(model.inputs, given), "writes": self._fitting(model.outputs, taken)}
        for block in blocks["reads"]:
            if not block.written:
                self.complain("input-never-written", self.calls[-1], "the model would read what happens to be there")
        task = Task(model, given.buffers, taken.buffers, blocks)
        for block in blocks["writes"]:
            block.fill(0xFF)  # not a number, in either precision
            block.written = True
        return task

    def _fitting(self, tensors: List[Tensor], dataset: Dataset) -> List[Block]:
        if len(tensors) != len(dataset.buffers):
            self.misuse("buffers-missing", 145000, f"{len(dataset.buffers)} buffers for {len(tensors)} tensors")
        blocks = []
        for tensor, buffer in zip(tensors, dataset.buffers):
            if buffer not in self.things.values():
                self.misuse("dead-handle", 100000, "a buffer of the dataset was destroyed")
            block = self.things.get(buffer.address)
            if not isinstance(block, Block):
                self.misuse("use-after-free", 100000, "the memory of a buffer was freed")
            if buffer.size < tensor.size:
                late = " (CANN lets up to 64 bytes pass)" if buffer.size + SLACK >= tensor.size else ""
                self.misuse("buffer-too-small", 145000, f"{buffer.size} bytes, {tensor.name} has {tensor.size}{late}")
            if buffer.size > tensor.size:
                self.complain("buffer-of-another-size", self.calls[-1], f"{buffer.size} for {tensor.size} bytes")
            blocks.append(block)
        return blocks

    def _compute(self, task: Task) -> None:
        model, program = task.model, self._programs[id(task.model)]
        with self.lock:
            arrays = [
                block.content(buffer.address, tensor.dtype, tensor.shape)
                for tensor, buffer, block in zip(model.inputs, task.reads, task.blocks["reads"])
            ]
        results = program.run(arrays)
        with self.lock:
            for result, buffer in zip(results, task.writes):
                contiguous = np.ascontiguousarray(result)
                ctypes.memmove(buffer.address, contiguous.ctypes.data, contiguous.nbytes)
            for block in [*task.blocks["reads"], *task.blocks["writes"]]:
                self._check_canary(block)


def _dims(tensor: Tensor) -> Dict[str, Any]:
    return {"name": tensor.name, "dimCount": len(tensor.shape), "dims": list(tensor.shape)}
