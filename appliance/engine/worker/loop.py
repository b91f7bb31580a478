"""The worker process: holds the networks and makes one video after another, as the engine tells it.

The sign of life comes from the loop that does the work, so that whoever listens sees it hang.
"""

from __future__ import annotations

import dataclasses
import faulthandler
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Optional, Sequence, Tuple

import click

from ...errors import DiskFull, NpuError, SonicError
from ...files import NO_SPACE
from ...settings import MakeOptions
from ..service.log import configure_logging
from ..storage.folders import JobFolder
from .limits import apply_limits, die_with, make_way
from .messages import BEAT_SECONDS, Message, decode, encode

if TYPE_CHECKING:
    from typing_extensions import Protocol

    class Maker(Protocol):
        """`appliance.pipeline.generate.VideoMaker`, or what stands in for it in a test."""

        def make(
            self,
            __photo: Path,
            __speech: Path,
            __out: Path,
            __options: MakeOptions,
            __segments: Path,
            __longest: Optional[float],
        ) -> Iterator[Any]: ...

        def close(self) -> None: ...


Networks = Tuple[str, Optional[str]]
"""Run time and precision."""

log = logging.getLogger(__name__)


class Orders:
    """What the engine has said and was not done yet. A thread reads, so that an order arrives in mid-frame."""

    def __init__(self, source: Any) -> None:
        self.pause = False
        self.stop = False
        self.exit = False
        self._jobs: queue.Queue[Optional[Message]] = queue.Queue()
        threading.Thread(target=self._read, args=(source,), daemon=True, name="orders").start()

    def next_job(self, timeout: float) -> Optional[Message]:
        """The next "make", or None when there was none for so many seconds or it is time to leave."""
        try:
            return self._jobs.get(timeout=timeout)
        except queue.Empty:
            return None

    def _read(self, source: Any) -> None:
        for line in source:
            message = decode(line) or {}
            order = message.get("do")
            if order == "make":
                self.pause = self.stop = False  # whatever came before was meant for the job before
                self._jobs.put(message)
            elif order == "pause":
                self.pause = True
            elif order == "stop":
                self.stop = True
            elif order == "exit":
                break
        # Also without "exit", the end of the pipe is the end of the engine.
        self.exit = self.stop = True
        self._jobs.put(None)


class Worker:
    """The working loop. ``load`` makes a `Maker` for a run time and a precision."""

    def __init__(self, orders: Orders, report: int, load: Callable[[str, Optional[str]], Maker]) -> None:
        self._orders, self._report, self._load = orders, report, load
        self._maker: Optional[Maker] = None
        self._loaded: Optional[Networks] = None

    def run(self, networks: Networks) -> int:
        """Load these networks, then do what is asked for until told to leave; the exit status."""
        try:
            self._maker_for(networks)
        except Exception as error:
            self._tell("failed", job="", **_words(error))
            return SonicError.exit_code
        self._tell("ready")
        while not self._orders.exit:
            order = self._orders.next_job(BEAT_SECONDS)
            if order is None:
                self._tell("beat")
            else:
                self._work(order, networks)
        self._close()
        return 0

    def _work(self, order: Message, usual: Networks) -> None:
        job = order["job"]
        try:
            result = self._make(job, JobFolder(Path(order["folder"])), order["options"], order.get("longest"), usual)
        except Exception as error:
            if isinstance(error, NpuError):
                self._close()  # the next job finds the NPU opened anew
            self._tell("failed", job=job, **_words(error))
            return
        if result is None:
            self._tell("stopped", job=job)
        else:
            self._tell("done", job=job, result=result)

    def _make(
        self, job: str, folder: JobFolder, knobs: Dict[str, Any], longest: Optional[float], usual: Networks
    ) -> Optional[Dict[str, Any]]:
        """The fields of `Result`, or None if the job was stopped on the way."""
        options = MakeOptions(**knobs)
        networks = (options.runtime if options.runtime != "auto" else usual[0], options.precision or usual[1])
        if networks != self._loaded:
            self._tell("progress", job=job, stage="models", done=0, total=1)
        maker = self._maker_for(networks)
        folder.segments.mkdir(mode=0o700, exist_ok=True)
        events: Any = maker.make(folder.photo, folder.speech, folder.video, options, folder.segments, longest)
        try:
            for event in events:
                kind = type(event).__name__
                if kind == "Progress":
                    self._tell("progress", job=job, stage=event.stage, done=event.done, total=event.total)
                elif kind == "Segment":
                    self._tell(
                        "segment", job=job, index=event.index, first_frame=event.first_frame, frames=event.frames
                    )
                elif kind == "Result":
                    return dataclasses.asdict(event)
                if self._orders.stop or (self._orders.pause and kind == "Segment"):
                    return None
        finally:
            events.close()
        raise SonicError("the pipeline ended without a result")

    def _maker_for(self, networks: Networks) -> Maker:
        """The last pair used stays loaded; two at once would not fit every board."""
        if self._maker is None or networks != self._loaded:
            self._close()
            self._maker = self._load(*networks)
            self._loaded = networks
        return self._maker

    def _close(self) -> None:
        maker, self._maker, self._loaded = self._maker, None, None
        if maker is not None:
            maker.close()

    def _tell(self, tell: str, **fields: Any) -> None:
        data = encode({"tell": tell, **fields})
        while data:
            data = data[os.write(self._report, data) :]


def _words(error: Exception) -> Dict[str, str]:
    """An error as a message carries it; one that is not ours keeps its story for the log."""
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        error = DiskFull(os.strerror(error.errno))
    if not isinstance(error, SonicError):
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        error = SonicError(trace)
    return {"code": error.code, "message": error.message, "action": error.action, "detail": error.detail}


def _video_maker(runtime: str, precision: Optional[str]) -> Maker:
    from ...models import ModelStore
    from ...pipeline.generate import VideoMaker

    return VideoMaker(ModelStore(), runtime, precision)


def main(arguments: Sequence[str], load: Callable[[str, Optional[str]], Maker] = _video_maker) -> int:
    """Run a worker in this process; ``arguments``: those of the command line (see `_command`)."""
    parsed = _command.make_context("worker", list(arguments)).params
    die_with(parsed["parent"])
    apply_limits(parsed["memory_megabytes"], parsed["file_megabytes"])
    make_way()
    faulthandler.enable()
    configure_logging()
    # How the worker ends is for the engine to say; a signal to the whole group must not cut a frame in two.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.set_inheritable(parsed["report"], False)
    orders = Orders(os.fdopen(os.dup(0), "rb"))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a library prints belongs in the journal
    try:
        return Worker(orders, parsed["report"], load).run((parsed["runtime"], parsed["precision"] or None))
    except BrokenPipeError:
        return SonicError.exit_code  # the engine is gone


@click.command()
@click.option("--report", type=int, required=True, help="file descriptor for what the worker has to say")
@click.option("--parent", type=int, required=True, help="process number of the engine")
@click.option("--runtime", default="auto")
@click.option("--precision", default="")
@click.option("--memory-megabytes", type=int, default=4096)
@click.option("--file-megabytes", type=int, default=4096)
def _command(**_: Any) -> None:
    """Work for the engine."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
