"""What the numbers mean that calls of pyACL return, after `acl_base.h` and the error codes of graph engine and runtime.

A failure is a number there, never an exception; 0 is success.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

_ACL, _GE, _RT = "ACL_ERROR_", "ACL_ERROR_GE_", "ACL_ERROR_RT_"


class Meaning(NamedTuple):
    """``name`` as in the headers of CANN; ``words`` complete the sentence "the NPU does not work: ..."."""

    name: str
    words: str


_PLAIN: Dict[int, Tuple[str, str]] = {
    100000: ("INVALID_PARAM", "a call was given something wrong"),
    100001: ("UNINITIALIZE", "it was not initialised"),
    100002: ("REPEAT_INITIALIZE", "it was initialised twice"),
    100003: ("INVALID_FILE", "a file is missing or no file of CANN"),
    100004: ("WRITE_FILE", "a file could not be written"),
    100005: ("INVALID_FILE_SIZE", "a file has a wrong size"),
    100006: ("PARSE_FILE", "a file could not be understood"),
    100007: ("FILE_MISSING_ATTR", "a file lacks an entry"),
    100008: ("FILE_ATTR_INVALID", "a file has a wrong entry"),
    100009: ("INVALID_DUMP_CONFIG", "the configuration of dumps is wrong"),
    100010: ("INVALID_PROFILING_CONFIG", "the configuration of profiling is wrong"),
    100011: ("INVALID_MODEL_ID", "there is no such model"),
    100012: ("DESERIALIZE_MODEL", "the model could not be read"),
    100013: ("PARSE_MODEL", "the model could not be understood"),
    100014: ("READ_MODEL_FAILURE", "the model could not be read"),
    100015: ("MODEL_SIZE_INVALID", "the model has a wrong size"),
    100016: ("MODEL_MISSING_ATTR", "the model lacks an entry"),
    100017: ("MODEL_INPUT_NOT_MATCH", "the inputs are not those of the model"),
    100018: ("MODEL_OUTPUT_NOT_MATCH", "the outputs are not those of the model"),
    100019: ("MODEL_NOT_DYNAMIC", "the model has fixed shapes"),
    100020: ("OP_TYPE_NOT_MATCH", "an operator is of another type"),
    100021: ("OP_INPUT_NOT_MATCH", "an operator has other inputs"),
    100022: ("OP_OUTPUT_NOT_MATCH", "an operator has other outputs"),
    100023: ("OP_ATTR_NOT_MATCH", "an operator has other attributes"),
    100024: ("OP_NOT_FOUND", "an operator is missing"),
    100025: ("OP_LOAD_FAILED", "an operator could not be loaded"),
    100026: ("UNSUPPORTED_DATA_TYPE", "it does not know this type of number"),
    100027: ("FORMAT_NOT_MATCH", "the data has another layout"),
    100033: ("REPEAT_SUBSCRIBE", "a thread was subscribed twice"),
    100034: ("STREAM_NOT_SUBSCRIBE", "a stream has no thread"),
    100035: ("THREAD_NOT_SUBSCRIBE", "a thread has no stream"),
    100036: ("WAIT_CALLBACK_TIMEOUT", "an answer did not come in time"),
    100037: ("REPEAT_FINALIZE", "it was finalised twice"),
    100038: ("NOT_STATIC_AIPP", "the model has no fixed image preprocessing"),
    100039: ("COMPILING_STUB_MODE", "the library is a stub made for compiling only"),
    100042: ("PROF_NOT_RUN", "profiling is not running"),
    100043: ("DUMP_ALREADY_RUN", "a dump is running already"),
    100044: ("DUMP_NOT_RUN", "no dump is running"),
    100045: ("PROF_ALREADY_RUN", "profiling is running already"),
    148049: ("INVALID_OPP_PATH", "CANN's folder of operators was not found"),
    148052: ("UNSUPPORTED_JPEG", "it cannot decode this JPEG"),
    200000: ("BAD_ALLOC", "the memory is used up"),
    200001: ("API_NOT_SUPPORT", "this version of CANN cannot do that"),
    200002: ("INVALID_DEVICE", "there is no such device"),
    200003: ("MEMORY_ADDRESS_UNALIGNED", "an address is not aligned"),
    200004: ("RESOURCE_NOT_MATCH", "two things do not belong together"),
    200005: ("INVALID_RESOURCE_HANDLE", "a handle is not valid"),
    200006: ("FEATURE_UNSUPPORTED", "this chip cannot do that"),
    300000: ("STORAGE_OVER_LIMIT", "too much is stored"),
    500000: ("INTERNAL_ERROR", "CANN failed within"),
    500001: ("FAILURE", "CANN failed"),
    500002: ("GE_FAILURE", "CANN's graph engine failed"),
    500003: ("RT_FAILURE", "CANN's runtime failed"),
    500004: ("DRV_FAILURE", "the driver failed"),
    500005: ("PROFILING_FAILURE", "profiling failed"),
}

_GRAPH_ENGINE: Dict[int, Tuple[str, str]] = {
    145000: ("PARAM_INVALID", "a call was given something wrong"),
    145001: ("EXEC_NOT_INIT", "the graph engine was not initialised"),
    145002: ("EXEC_MODEL_PATH_INVALID", "the model's file was not found"),
    145003: ("EXEC_MODEL_ID_INVALID", "there is no such model"),
    145006: ("EXEC_MODEL_DATA_SIZE_INVALID", "the model's file is not as long as it says"),
    145007: ("EXEC_MODEL_ADDR_INVALID", "the model's address is wrong"),
    145009: ("EXEC_LOAD_MODEL_REPEATED", "the model was loaded twice"),
    145011: ("DYNAMIC_INPUT_ADDR_INVALID", "the input for the size of the batch is missing"),
    145012: ("DYNAMIC_INPUT_LENGTH_INVALID", "the input for the size of the batch has a wrong length"),
    145013: ("DYNAMIC_BATCH_SIZE_INVALID", "the model was not built for this size of batch"),
    145014: ("AIPP_BATCH_EMPTY", "the image preprocessing has no size of batch"),
    145015: ("AIPP_NOT_EXIST", "the model has no image preprocessing"),
    145016: ("AIPP_MODE_INVALID", "the image preprocessing is of another mode"),
    145020: ("FORMAT_INVALID", "the data has a wrong layout"),
    145021: ("SHAPE_INVALID", "the data has a wrong shape"),
    145022: ("DATATYPE_INVALID", "the data has a wrong type of number"),
    245000: ("MEMORY_ALLOCATION", "the memory is used up"),
    245001: ("MEMORY_OPERATE_FAILED", "a copy within the memory failed"),
    245002: ("DEVICE_MEMORY_OPERATE_FAILED", "a copy within the memory failed"),
    545000: ("INTERNAL_ERROR", "the graph engine failed within"),
    545001: ("LOAD_MODEL", "the model could not be loaded"),
    545002: ("EXEC_LOAD_MODEL_PARTITION_FAILED", "the model could not be loaded"),
    545003: ("EXEC_LOAD_WEIGHT_PARTITION_FAILED", "the model's weights could not be loaded"),
    545004: ("EXEC_LOAD_TASK_PARTITION_FAILED", "the model's tasks could not be loaded"),
    545005: ("EXEC_LOAD_KERNEL_PARTITION_FAILED", "the model's kernels could not be loaded"),
    545009: ("UNLOAD_MODEL", "the model could not be unloaded"),
    545601: ("MODEL_EXECUTE_TIMEOUT", "the model did not finish in time"),
}

_RUNTIME: Dict[int, Tuple[str, str]] = {
    107000: ("PARAM_INVALID", "a call was given something wrong"),
    107001: ("INVALID_DEVICEID", "there is no such device"),
    107002: ("CONTEXT_NULL", "the thread has no context"),
    107003: ("STREAM_CONTEXT", "the stream belongs to another context"),
    107004: ("MODEL_CONTEXT", "the model belongs to another context"),
    107005: ("STREAM_MODEL", "the stream belongs to another model"),
    107008: ("ADDR_UNALIGNED", "an address is not aligned"),
    107011: ("STREAM_SUBSCRIBE", "the stream is not subscribed as it must be"),
    107012: ("THREAD_SUBSCRIBE", "the thread is not subscribed as it must be"),
    107016: ("INVALID_MEMORY_TYPE", "the memory is of another kind"),
    107017: ("INVALID_HANDLE", "a handle is not valid"),
    107019: ("WAIT_TIMEOUT", "it did not answer in time"),
    107020: ("TASK_TIMEOUT", "a task did not finish in time"),
    107037: ("MODEL_RUNNING", "the model is still running"),
    207000: ("FEATURE_NOT_SUPPORT", "this chip or driver cannot do that"),
    207001: ("MEMORY_ALLOCATION", "the memory is used up"),
    207002: ("MEMORY_FREE", "memory could not be given back"),
    207004: ("NO_DEVICE", "no device was found"),
    207005: ("RESOURCE_ALLOC_FAIL", "the device has nothing left to give"),
    207006: ("NO_PERMISSION", "this user may not use it"),
    207008: ("NO_STREAM_RESOURCE", "there are too many streams"),
    207018: ("DEVICE_OOM", "the memory is used up"),
    507000: ("INTERNAL_ERROR", "the runtime failed within"),
    507001: ("TS_ERROR", "its task scheduler failed"),
    507002: ("STREAM_TASK_FULL", "too many tasks are waiting"),
    507007: ("CONTEXT_RELEASE_ERROR", "a context could not be given back"),
    507008: ("SOC_VERSION", "the model is for another chip, or the driver does not know this one"),
    507010: ("LOST_HEARTBEAT", "it gives no sign of life"),
    507011: ("MODEL_EXECUTE", "the model failed while it ran"),
    507012: ("REPORT_TIMEOUT", "it did not report in time"),
    507013: ("SYS_DMA", "a copy by DMA failed"),
    507014: ("AICORE_TIMEOUT", "an AI Core did not finish in time"),
    507015: ("AICORE_EXCEPTION", "an AI Core failed"),
    507016: ("AICORE_TRAP_EXCEPTION", "an AI Core trapped"),
    507017: ("AICPU_TIMEOUT", "an AI CPU did not finish in time"),
    507018: ("AICPU_EXCEPTION", "an AI CPU failed"),
    507033: ("DEV_SETUP_ERROR", "the device could not be set up"),
    507046: ("STREAM_SYNC_TIMEOUT", "the stream did not finish in time"),
    507899: ("DRV_INTERNAL_ERROR", "the driver failed within"),
    507901: ("HDC_DISCONNECT", "the connection to the device broke"),
}

CODES: Dict[int, Meaning] = {
    number: Meaning(prefix + name, words)
    for prefix, table in ((_ACL, _PLAIN), (_GE, _GRAPH_ENGINE), (_RT, _RUNTIME))
    for number, (name, words) in table.items()
}

OUT_OF_MEMORY = (200000, 207001, 207018, 245000)
UNSUPPORTED = (200001, 200006, 207000)
"""What a chip, driver or version of CANN answers that lacks a function."""

_ADVICE: Dict[Tuple[int, ...], str] = {
    (507033, 507899, 207004, 500004, 107001): "Driver, firmware and CANN must be of versions that belong together, and"
    " this user in the group HwHiAiUser; `appliance doctor` shows what is there.",
    (207006,): "Add this user to the group HwHiAiUser, then log in again.",
    (507008,): "Use networks built for this chip: `.om` files are compiled for one.",
    OUT_OF_MEMORY: "End other programs that use the NPU, or run fewer networks at a time.",
    (148049, 545005, 507018): "Install CANN's AI CPU kernels and operators (nnrt), and set ASCEND_OPP_PATH.",
    (100039,): "Let LD_LIBRARY_PATH name CANN's own lib64, not its folder devlib or stub.",
}

ADVICE: Dict[int, str] = {number: advice for numbers, advice in _ADVICE.items() for number in numbers}
"""What a person can do about a number, where it is more than trying again."""


def meaning(number: int) -> Meaning:
    """Of any number; those that are in no list are named as such."""
    return CODES.get(number, Meaning("unknown to this program", f"CANN says {number}"))


def is_device_fault(number: int) -> bool:
    """Whether the device itself failed, so that nothing of it can be used until it was reset."""
    return 507000 <= number < 508000 and number != 507008
