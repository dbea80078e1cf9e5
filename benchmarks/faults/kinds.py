"""The faults: how each is made and mended, what the API may say, and how it is noticed."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from benchmarks.faults.camera import RtspCamera
from benchmarks.faults.proxy import ClockProxy

LOGIN = "guard:right"
HOUR_S = 3600


class Sign(StrEnum):
    """What in the API tells of a fault."""

    STATE = "state"  # the camera is not live
    DAMAGE = "damage"  # the count of damaged pictures rises
    SIZE = "size"  # the pictures have another size
    CLOCK = "clock"  # the camera's clock is more than 10 minutes off
    EVENT = "event"  # nothing but an event about the view


@dataclass
class Rig:
    """One camera and what stands around it."""

    camera: RtspCamera
    small: Path
    large: Path
    proxy: ClockProxy | None = None
    mute: socket.socket | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Address that the service is given."""
        port = self.proxy.port if self.proxy else self.camera.port
        login = f"{LOGIN}@" if self.camera.login else ""
        return f"rtsp://{login}127.0.0.1:{port}/cam"

    def restart(self, *, login: str = "", mount: str = "/cam") -> None:
        """Kill the camera and start it as another one at the same address."""
        self.camera.kill()
        self.camera.login, self.camera.mount = login, mount
        self.camera.start()

    def fall_silent(self) -> None:
        """Put somebody there who accepts connections and never says a word."""
        self.camera.kill()
        self.mute = socket.create_server(("127.0.0.1", self.camera.port), backlog=64)

    def speak(self) -> None:
        """Put the camera back."""
        if self.mute is not None:
            self.mute.close()
            self.mute = None
        self.camera.start()

    def shift(self, seconds: int) -> None:
        """Set the camera's clock wrong."""
        if self.proxy is not None:
            self.proxy.shift_s = seconds

    def close(self) -> None:
        """End everything."""
        self.camera.resume()
        self.camera.kill()
        if self.proxy is not None:
            self.proxy.close()
        if self.mute is not None:
            self.mute.close()


Act = Callable[[Rig], None]


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: in tables and on the command line.
        make, mend: what is done to the camera.
        sign: how the API tells of it.
        states: states besides "live" that are no false ones while it lasts; where there are any,
            ``camera_offline`` is no false event.
        kind: of the event about the camera that it has to cause; "" for none.
        transport: RTSP over "tcp" or "udp".
    """

    name: str
    make: Act
    mend: Act
    sign: Sign
    states: frozenset[str] = frozenset()
    kind: str = ""
    transport: str = "tcp"


def _tell(order: str) -> Act:
    return lambda rig: rig.camera.tell(order)


_GONE = frozenset({"backoff", "stalled"})
_OFFLINE, _FROZEN, _CLOCK = "camera_offline", "camera_frozen", "camera_clock"
_go_on = _tell("go on")

FAULTS = (
    Fault(
        "killed",
        lambda r: r.camera.kill(),
        lambda r: r.camera.start(),
        Sign.STATE,
        _GONE,
        _OFFLINE,
    ),
    Fault(
        "suspended",
        lambda r: r.camera.suspend(),
        lambda r: r.camera.resume(),
        Sign.STATE,
        _GONE,
        _OFFLINE,
    ),
    Fault("frozen-stream", _tell("freeze"), _go_on, Sign.STATE, _GONE, _OFFLINE),
    Fault("same-picture", _tell("same"), _go_on, Sign.EVENT, kind=_FROZEN),
    Fault("no-keyframes", _tell("no keyframes"), _go_on, Sign.DAMAGE, _GONE, _OFFLINE),
    Fault("corrupt-bytes", _tell("corrupt"), _go_on, Sign.DAMAGE, _GONE),
    Fault("loss-2-percent", _tell("loss 0.02"), _go_on, Sign.DAMAGE, _GONE),
    Fault(
        "resolution",
        lambda r: r.camera.tell(str(r.large)),
        lambda r: r.camera.tell(str(r.small)),
        Sign.SIZE,
    ),
    Fault(
        "wrong-password",
        lambda r: r.restart(login="guard:changed"),
        lambda r: r.restart(login=LOGIN),
        Sign.STATE,
        _GONE | {"auth_failed"},
        _OFFLINE,
    ),
    Fault(
        "404",
        lambda r: r.restart(mount="/other"),
        lambda r: r.restart(),
        Sign.STATE,
        _GONE | {"not_found"},
        _OFFLINE,
    ),
    Fault(
        "never-answers",
        lambda r: r.fall_silent(),
        lambda r: r.speak(),
        Sign.STATE,
        _GONE,
        _OFFLINE,
    ),
    Fault("clock-ahead", lambda r: r.shift(HOUR_S), lambda r: r.shift(0), Sign.CLOCK, kind=_CLOCK),
    Fault(
        "clock-behind", lambda r: r.shift(-HOUR_S), lambda r: r.shift(0), Sign.CLOCK, kind=_CLOCK
    ),
    Fault("udp-loss", _tell("loss 0.02"), _go_on, Sign.DAMAGE, _GONE, transport="udp"),
)
NEEDS_LOGIN = frozenset({"wrong-password"})
NEEDS_PROXY = frozenset({"clock-ahead", "clock-behind"})
NEEDS_PACKETS = frozenset({"loss-2-percent", "udp-loss"})  # pictures of more than one each
BY_NAME = {fault.name: fault for fault in FAULTS}
