"""The packages only the benchmark needs: the extra ``bench``."""

from collections.abc import Iterator
from contextlib import contextmanager

from detector.errors import DetectorError

PACKAGES = frozenset({"jinja2", "matplotlib", "trackeval"})


@contextmanager
def bench_extra() -> Iterator[None]:
    """Import packages of the extra within; say how to get one that is missing.

    Raises:
        DetectorError: a package of the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        raise DetectorError(
            f"detector bench needs {error.name}: pip install 'barrier-detector[bench]'"
        ) from error
