"""Finding ffmpeg and running it as a separate program.

No shell, no inherited environment, no keyboard, no network: only the protocols `file` and `pipe` may be opened, and a
file name can never be taken for an option or an address.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import IO, Callable, List, Optional, Sequence, Tuple, Union

from ..errors import EncoderMissing

LOG_BYTES = 64 * 1024
"""How much of what ffmpeg said is looked at, from the start and from the end."""


def find_ffmpeg() -> str:
    """Path of the ffmpeg for files that people bring: the system's, which is kept up to date, else the one of
    `imageio-ffmpeg`; whichever first has an H.264 encoder.

    Raises `EncoderMissing`.
    """
    return _find((_of_system, _of_package), os.environ.get("PATH", ""))


def find_encoder() -> str:
    """Path of the ffmpeg for what is made here: the one of `imageio-ffmpeg`, else the system's.

    It is one file without libraries and starts five times as fast, and it is started twice a segment. Raises
    `EncoderMissing`.
    """
    return _find((_of_package, _of_system), os.environ.get("PATH", ""))


@lru_cache(maxsize=None)
def _find(sources: Tuple[Callable[[str], Optional[str]], ...], path: str) -> str:
    rejected = []
    for candidate in filter(None, (source(path) for source in sources)):
        try:
            encoders = subprocess.run(
                [candidate, "-hide_banner", "-nostdin", "-encoders"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            ).stdout
        except OSError as error:
            rejected.append(f"{candidate}: {error.strerror}")
            continue
        if b" libx264 " in encoders:
            return candidate
        rejected.append(f"{candidate}: no libx264")
    raise EncoderMissing("; ".join(rejected) or "neither on PATH nor through imageio-ffmpeg")


def _of_system(path: str) -> Optional[str]:
    return shutil.which("ffmpeg", path=path)


def _of_package(path: str) -> Optional[str]:
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return None


def _environment() -> dict:
    """No FFREPORT (it writes files), no LD_LIBRARY_PATH of an accelerator's toolkit, messages in English."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}


def _stream(wanted: Union[bool, IO[bytes]]) -> Union[int, IO[bytes]]:
    if wanted is True:
        return subprocess.PIPE
    return wanted or subprocess.DEVNULL


def local_file(path: Path) -> str:
    """The path as ffmpeg takes it: a file and nothing else, whatever its name looks like."""
    return "file:" + os.path.abspath(str(path))


def input_file(path: Path, formats: str = "") -> List[str]:
    """Arguments that open `path` for reading; `formats` limits the demuxers (a playlist could name other files)."""
    limits = ["-protocol_whitelist", "file,pipe"]
    if formats:
        limits += ["-format_whitelist", formats]
    return limits + ["-i", local_file(path)]


class Ffmpeg:
    """One run of ffmpeg. As a context manager it never outlives the block."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        feed: Union[bool, IO[bytes]] = False,
        collect: Union[bool, IO[bytes]] = False,
        beside: Optional[IO[bytes]] = None,
        program: Optional[str] = None,
    ) -> None:
        """`feed`: `stdin` is a pipe, or that file; `collect`: `stdout` is a pipe, or that file; `beside`: a file
        that is open for it too, by the same number; `program`: another than `find_ffmpeg` finds. Raises
        `EncoderMissing`."""
        manner = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info"]
        command = [program or find_ffmpeg(), *manner, *arguments]
        self._private = tuple(argument for argument in arguments if argument.startswith("file:"))
        # A file, not a pipe: nobody has to drain it while frames flow.
        self._messages = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=_stream(feed),
                stdout=_stream(collect),
                stderr=self._messages,
                pass_fds=() if beside is None else (beside.fileno(),),
                env=_environment(),
                # Ctrl-C reaches us alone; we decide what becomes of the half-made file. Who leads a session, as the
                # engine's worker does, has no keyboard: whoever kills its process group shall get ffmpeg too.
                start_new_session=os.getsid(0) != os.getpid(),
            )
        except OSError as error:
            self._messages.close()
            raise EncoderMissing(f"{command[0]}: {error.strerror}") from error

    def __enter__(self) -> Ffmpeg:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def ended(self) -> bool:
        """Whether it has come to its end by itself."""
        return self._process.poll() is not None

    def close_stdin(self) -> None:
        """Nothing more will be fed."""
        self._close(self._process.stdin)

    def wait(self) -> int:
        """Close what is fed, let ffmpeg finish, return its exit status."""
        self._close(self._process.stdin)
        return self._process.wait()

    def kill(self) -> None:
        """Stop at once; harmless after the end."""
        self._process.kill()
        self._close(self._process.stdin)
        self._close(self._process.stdout)
        self._process.wait()
        self._messages.close()

    @staticmethod
    def _close(stream: Optional[IO[bytes]]) -> None:
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                pass

    def messages(self) -> str:
        """What ffmpeg said, file names left out: each line begins with `[level]` or `[component] [level]`."""
        size = self._messages.seek(0, os.SEEK_END)
        self._messages.seek(0)
        raw = self._messages.read(LOG_BYTES)
        if size > LOG_BYTES:
            self._messages.seek(max(size - LOG_BYTES, LOG_BYTES))
            raw += b"\n" + self._messages.read()
        text = raw.decode("utf-8", "replace")
        for name in self._private:
            text = text.replace(name, "FILE").replace(name[len("file:") :], "FILE")
        return text

    def complaints(self) -> Tuple[str, ...]:
        """The messages that are errors."""
        return tuple(line for line in self.messages().splitlines() if "[error]" in line or "[fatal]" in line)
