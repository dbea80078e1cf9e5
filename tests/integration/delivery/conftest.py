from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig import KEY, SECRET, Rig, rigged


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv(KEY, SECRET)
    with rigged(tmp_path) as made:
        yield made
