"""How compiling can fail; the rest of the tree is in ``appliance.errors``."""

from __future__ import annotations

from appliance.errors import SonicError


class AtcFailed(SonicError):
    code = "atc_failed"
    message = "ATC did not compile the network."
    action = "Read its log."
    exit_code = 5


class UnfitGraph(SonicError):
    code = "unfit_graph"
    message = "The graph is not fit for this compiler."
    action = "`python -m models_om.lint` tells why, and what to do."
    exit_code = 5


class OtherGraph(SonicError):
    code = "om_of_other_graph"
    message = "The model file was compiled from another graph."
    action = "Put the .om files where their commands write them."
    exit_code = 5
