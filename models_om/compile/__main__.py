"""Compile the networks for an Ascend chip: the commands of ATC, run where it is installed, with the results checked.

    python -m models_om.compile [--soc Ascend310] [--precision fp32|int8] [--only NAME] [--work WORK]
    python -m models_om.compile --print          # the commands alone
    python -m models_om.compile --take           # .om files that the same commands made elsewhere
    python -m models_om.compile --only sonic --aipp

fp32 is built/NAME.fp32.onnx, which the chip computes in float16; int8 is WORK/ascend310/NAME.deploy.onnx, the graph
that `python -m models_om.quantise --target ascend310` makes. Graphs pass models_om.lint first. Logs and results are in
WORK/CHIP; what is whole, for that chip and of that graph goes to built/ and into the manifest. With --aipp the photo
goes in as bytes; that network stays in WORK/CHIP, since the manifest knows no such input.

Standard output is the commands, for a shell. Exit codes: 0 done, or printed where there is no atc; 2 wrong usage; 5 a
graph, ATC or its result is not right; 6 a file cannot be written.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import List, Optional, Sequence

from appliance.errors import OutputError, SonicError
from appliance.pipeline.signatures import SIGNATURES

from ..manifest import HERE
from . import atc
from .aipp import configuration
from .build import BOARD, PRECISIONS, SOCS, Build
from .shipping import ship


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models_om.compile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--soc", choices=SOCS, default=BOARD, help=f"chip, default {BOARD}")
    parser.add_argument("--precision", choices=PRECISIONS, help="default: fp32, and int8 where it was quantised")
    parser.add_argument("--only", choices=list(SIGNATURES), help="this network alone")
    parser.add_argument("--aipp", action="store_true", help="photo as bytes; not shipped")
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--networks", type=Path, default=HERE, help="folder of manifest.toml and built/")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--print", action="store_true", dest="only_print", help="run nothing")
    how.add_argument("--take", action="store_true", help="take .om files that were made elsewhere")
    return parser


def planned(options: argparse.Namespace) -> List[Build]:
    """What is to be compiled. Raises `UsageError`."""
    folder = options.work / options.soc.lower()
    names = [options.only] if options.only else list(SIGNATURES)
    if options.aipp:
        for name in names:
            configuration(name)
    precisions = [options.precision] if options.precision else list(PRECISIONS)
    builds = [
        Build(name, precision, options.soc, options.networks, folder, options.aipp)
        for precision in precisions
        for name in names
    ]
    if options.precision:
        return builds
    unmade = [build for build in builds if build.precision == "int8" and not build.source.is_file()]
    if unmade:
        told = ", ".join(build.network for build in unmade)
        _say(f"Without int8: {told}. `python -m models_om.quantise --target ascend310` makes the graphs.")
    return [build for build in builds if build not in unmade]


def compile_networks(options: argparse.Namespace) -> None:
    """Raises `SonicError`."""
    builds = planned(options)
    for build in builds:
        build.prepare()
    program = None
    if not options.take:
        for build in builds:
            print(shlex.join(build.command()), flush=True)
        if options.only_print:
            return
        program = atc.find()
        if program is None:
            _say(atc.missing())
            return
    for build in builds:
        om = build.checked() if program is None else atc.compile_network(program, build)
        _say(f"{build.om}: {om.bytes:,} bytes for {om.soc or 'a chip it does not name'}, ATC {om.atc_version or '?'}")
    if options.aipp:
        _say("Not shipped: the manifest knows no input of bytes.")
    else:
        ship(builds)
        _say(f"{options.networks / 'manifest.toml'} names them.")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    try:
        try:
            compile_networks(_parser().parse_args(arguments))
        except OSError as error:
            message = f"{error.filename}: {error.strerror}."
            raise OutputError(str(error), message=message, action="Check the disk and the permissions.") from error
        return 0
    except SonicError as error:
        _say(f"{error.message}\n{error.action}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
