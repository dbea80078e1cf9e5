import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LOADS = """
from pathlib import Path
from detector.vision import ModelSettings
from detector.vision.onnx_detector import load_detector
load_detector(ModelSettings(path=Path("models/barrier-n")))
"""


def test_a_network_is_loaded_without_telling_anybody(tmp_path: Path) -> None:
    """Where it does, ONNX Runtime keeps an identifier of the machine in the user's cache."""
    subprocess.run([sys.executable, "-c", LOADS], cwd=ROOT, env={"HOME": str(tmp_path)}, check=True)
    assert not list(tmp_path.rglob("*"))
