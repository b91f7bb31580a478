"""Every way a migration can be refused; the rest of the tree is in ``appliance.errors``."""

from __future__ import annotations

from appliance.errors import SonicError, UsageError


class MapInvalid(UsageError):
    code = "map_invalid"
    message = "The map of names cannot be used."
    action = "`python -m models_om.migrate --help` shows what a map looks like."


class NetworkUnknown(UsageError):
    code = "network_unknown"
    message = "There is no such MindSpore network."
    action = "Name one of the project's networks, or module:Class of a Cell that needs no arguments."


class TwinInvalid(UsageError):
    code = "twin_invalid"
    message = "The PyTorch twin cannot be used."
    action = "Give --twin as module:Class of a torch.nn.Module that needs no arguments and takes these weights."


class PackageMissing(SonicError):
    code = "package_missing"
    message = "A package needed for this is not installed."
    action = "Run `pip install -e .[train,migrate]` with CPython 3.10 or 3.11."
    exit_code = 5


class WeightsUnreadable(SonicError):
    code = "weights_unreadable"
    message = "The weights cannot be read: the file is damaged, cut short or of another type."
    action = "Copy or save it again: safetensors.torch.save_file(model.state_dict(), ...)."
    exit_code = 5


class WeightsUnsafe(SonicError):
    code = "weights_unsafe"
    message = "The file holds pickled objects other than tensors; they could run any program, so nothing was unpickled."
    action = "Where you trust the file, save its tensors alone: safetensors.torch.save_file(model.state_dict(), ...)."
    exit_code = 5
