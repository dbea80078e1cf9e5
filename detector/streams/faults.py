"""Translates what PyAV raises into our own errors, with the place and without secrets."""

import builtins

import av.error

from detector.errors import SourceBroken, SourceNotFound, SourceRefused, SourceTimeout, StreamError
from detector.streams.base import redact

_REFUSED = (
    av.error.HTTPUnauthorizedError,
    av.error.HTTPForbiddenError,
    builtins.PermissionError,
)
_NOT_FOUND = (
    av.error.HTTPNotFoundError,
    builtins.FileNotFoundError,
    builtins.NotADirectoryError,
)
_TIMEOUT = (av.error.ExitError, builtins.TimeoutError)  # ExitError: our deadline interrupted FFmpeg


def translate(
    error: av.error.FFmpegError | OSError, where: str, stall_s: float, *, out_of_time: bool = False
) -> StreamError:
    """Give the error to raise for ``error``, which came while reading ``where`` (camera, path).

    ``out_of_time``: the whole time that was allowed had passed.
    """
    where = redact(where)
    said = error.strerror or type(error).__name__
    if isinstance(error, _REFUSED):
        return SourceRefused(f"{where}: expected to be let in, found: {said}")
    if isinstance(error, _NOT_FOUND):
        return SourceNotFound(f"{where}: expected a source there, found: {said}")
    if isinstance(error, _TIMEOUT) or (
        out_of_time and isinstance(error, av.error.InvalidDataError)  # RTSP: no answer, no status
    ):
        return SourceTimeout(f"{where}: expected pictures, found silence for {stall_s:g} s")
    if isinstance(error, builtins.ConnectionRefusedError):
        return SourceBroken(f"{where}: expected a server, found: {said}")
    if isinstance(error, av.error.InvalidDataError):
        return SourceBroken(
            f"{where}: expected a video, found data that is none, or damaged or cut off"
        )
    return SourceBroken(f"{where}: expected pictures, found: {said}")
