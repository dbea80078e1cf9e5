"""Says which cameras are watched but not recorded: their main stream is away, the other is not."""

from detector.pipeline.health import CameraHealth, CameraState


def record_trouble(analysed: CameraHealth, recorded: CameraHealth | None, after_s: float) -> str:
    """Say what is wrong with the stream that clips are made of, for people; "" while nothing is.

    Where the whole camera is away nothing is said here, ``camera_offline`` says it. So that the
    two streams of a camera that goes away need not be missed at the same moment, pictures must
    have come for ``after_s`` after the recorded stream fell silent.

    Args:
        analysed: health of the stream that is analysed.
        recorded: health of the stream that is only recorded; None where there is none.
        after_s: how long a stream may be away.
    """
    if recorded is None or analysed.state is not CameraState.LIVE:
        return ""
    if recorded.down_s - analysed.quiet_s < after_s:
        return ""
    reason = recorded.reason or "no packets"
    return (
        f"camera {recorded.camera}: its clips will be missing, recording {recorded.state}: {reason}"
    )
