from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from benchmarks.simulator.scene import VideoSpec
from benchmarks.simulator.video import VideoWriter

FPS, COUNT = 10, 40


def written(path: Path, spec: VideoSpec) -> None:
    rng = np.random.default_rng(1)
    still = cv2.GaussianBlur(rng.uniform(0, 255, (192, 320, 3)), (0, 0), 2)
    with VideoWriter(path, (320, 192), FPS, spec) as video:
        for _ in range(COUNT):
            noisy = still + rng.normal(0, 4, still.shape)
            video.write(np.clip(noisy, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg"])
def test_every_codec_is_read_again_with_its_key_frames(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "clip.mp4"
    written(path, VideoSpec.model_validate({"codec": codec, "gop_s": 1.0}))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == codec
        keys = [n for n, frame in enumerate(container.decode(stream)) if frame.key_frame]
    assert keys == (list(range(COUNT)) if codec == "mjpeg" else [0, 10, 20, 30])


@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg"])
def test_a_constant_rate_is_kept(tmp_path: Path, codec: str) -> None:
    sizes = []
    for kbps in (300, 800):
        path = tmp_path / f"{kbps}.mp4"
        written(path, VideoSpec.model_validate({"codec": codec, "kbps": kbps}))
        sizes.append(path.stat().st_size * 8 / 1000 * FPS / COUNT / kbps)
    assert sizes == pytest.approx([1.0, 1.0], abs=0.3)


def test_a_higher_crf_makes_a_smaller_file(tmp_path: Path) -> None:
    for codec in ("h264", "hevc", "mjpeg"):
        sizes = []
        for crf in (15, 40):
            path = tmp_path / f"{codec}{crf}.mp4"
            written(path, VideoSpec.model_validate({"codec": codec, "crf": crf}))
            sizes.append(path.stat().st_size)
        assert sizes[1] < sizes[0] * 0.8


def test_both_rates_at_once_are_an_error() -> None:
    with pytest.raises(ValueError, match="expected crf or kbps, found both"):
        VideoSpec.model_validate({"crf": 20, "kbps": 500})
