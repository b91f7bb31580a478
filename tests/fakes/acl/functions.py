"""The functions of pyACL that are played: what they take and give, and which version of CANN has them."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Tuple

INT, TEXT, ANY = "int", "text", "any"

FAILED_VALUES: Dict[str, Any] = {"zero": 0, "minus": -1, "blank": "", "none": None}
"""What a function returns that has no code to return, when it fails."""


class Function(NamedTuple):
    """``takes``: types, in their order. ``gives``: "code", "value" and code, "pair" and code, or a bare value whose
    failure is named after `FAILED_VALUES`."""

    takes: Tuple[str, ...]
    gives: str


def _table(*lines: str) -> Dict[str, Function]:
    short = {"i": INT, "s": TEXT, "a": ANY}
    found = {}
    for line in lines:
        gives, *entries = line.split()
        for entry in entries:
            name, _, letters = entry.partition("/")
            found[name] = Function(tuple(short[letter] for letter in letters), gives)
    return found


COMMON = _table(
    "code init finalize rt.set_device/i rt.reset_device/i rt.set_context/i rt.destroy_context/i rt.destroy_stream/i",
    "code rt.synchronize_stream/i rt.synchronize_device rt.free/i rt.free_host/i rt.memcpy/iiiii rt.memset/iiii",
    "code mdl.unload/i mdl.get_desc/ii mdl.destroy_desc/i mdl.destroy_dataset/i mdl.execute/iii mdl.execute_async/iiii",
    "code mdl.set_dynamic_batch_size/iiii destroy_data_buffer/i update_data_buffer/iii",
    "value rt.create_context/i rt.get_context rt.create_stream rt.malloc/ii rt.malloc_host/i rt.get_device_count",
    "value rt.get_run_mode mdl.load_from_file/s mdl.add_dataset_buffer/ii mdl.get_input_index_by_name/is",
    "value mdl.get_input_dims/ii mdl.get_output_dims/ii mdl.get_dynamic_batch/i",
    "pair mdl.query_size/s rt.get_mem_info/i",
    "zero mdl.create_desc mdl.create_dataset create_data_buffer/ii mdl.get_num_inputs/i mdl.get_num_outputs/i",
    "zero mdl.get_input_size_by_index/ii mdl.get_output_size_by_index/ii mdl.get_dataset_num_buffers/i",
    "zero mdl.get_dataset_buffer/ii get_data_buffer_addr/i get_data_buffer_size/i",
    "minus mdl.get_input_data_type/ii mdl.get_output_data_type/ii mdl.get_input_format/ii",
    "blank mdl.get_input_name_by_index/ii mdl.get_output_name_by_index/ii get_soc_name",
    "none get_recent_err_msg",
)

_NUMPY = _table("zero util.numpy_to_ptr/a util.numpy_contiguous_to_ptr/a", "none util.ptr_to_numpy/iai")
_BYTES = _table("zero util.bytes_to_ptr/a", "blank util.ptr_to_bytes/ii")

PROFILES: Dict[str, Dict[str, Function]] = {
    "cann50": {**COMMON, **_NUMPY},
    "cann6": {**COMMON, **_NUMPY, **_BYTES},
}
DEPRECATED = {"cann50": (), "cann6": tuple(_NUMPY)}

RELEASING = (
    "finalize", "rt.reset_device", "rt.destroy_context", "rt.destroy_stream", "rt.free", "rt.free_host", "mdl.unload",
    "mdl.destroy_desc", "mdl.destroy_dataset", "destroy_data_buffer", "rt.set_context",
)  # fmt: skip
"""Functions for giving something back; a fault in one of them comes after it was done, so that no program can be blamed
for the leak."""
