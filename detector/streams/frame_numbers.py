"""Notices lost pictures of an H.264 stream by their numbers, which FFmpeg conceals in silence.

Every picture that others build on counts ``frame_num`` up by one, modulo a power of two that the
sequence parameter set gives (ITU-T H.264, 7.3.2.1.1, 7.3.3 and 7.4.3). A leap means that one was
lost on its way, or left out by a broken camera. Lost pictures on which nothing builds leave no leap
and do no harm. Not seen is a loss of a whole multiple of that power (16 or more) at once, and of a
key frame after which the numbers happen to go on as before it: the group before had that many.

A stream that is refreshed piece by piece (intra refresh) has no key frames. It names points from
which on decoding may begin, and after how many pictures it has been refreshed (D.2.7).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from detector.streams.packets import BEGINNINGS, START_CODE

_SLICE, _KEY_SLICE, _MESSAGES, _SET = 1, 5, 6, 7
_RECOVERY_POINT = 6  # payloadType, D.1
_HEAD_BYTES = 512  # more than a parameter set with scaling lists, or a header up to frame_num
_AVCC = b"\x01"  # configurationVersion, ISO/IEC 14496-15, 5.3.3.1
_WITH_CHROMA = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_FOUR_FOUR_FOUR = 3
_MAX_GOLOMB_ZEROS = 32


@dataclass(frozen=True, slots=True)
class _Numbering:
    """How a sequence numbers its pictures.

    Attributes:
        bits: of ``frame_num``.
        planes_apart: slices say which colour plane they belong to.
        leaps: leaps are meant, and tell nothing.
    """

    bits: int
    planes_apart: bool
    leaps: bool


def _has_start_codes(codec: str, extradata: bytes) -> bool:
    """Whether units are parted by start codes, not by lengths, as in MP4 and Matroska.

    A packet does not tell: a length of 256 to 511 looks like a start code.
    """
    return codec == "h264" and not extradata.startswith(_AVCC)


def continues_picture(data: bytes) -> bool:
    """Whether ``data`` begins in the middle of a picture: its first slice is not the first one.

    FFmpeg begins a new packet at parameter sets, and some cameras repeat theirs before each slice
    of a key frame. Only H.264 with start codes is read.
    """
    for unit in _units(data):
        if unit[0] & 0x1F in (_SLICE, _KEY_SLICE):
            return len(unit) > 1 and unit[1] & 0x80 == 0  # first_mb_in_slice, 0 is a single 1 bit
    return False


class KeyFrameParts:
    """Notices packets that go on with the key frame before them.

    Args:
        codec: FFmpeg's name.
        extradata: parameter sets from outside the stream.

    Attributes:
        reads: such packets can be told in this stream.
    """

    def __init__(self, codec: str, extradata: bytes = b"") -> None:
        self.reads = _has_start_codes(codec, extradata)
        self._begun = False
        self._pts: int | None = None

    def continues(self, pts: int | None, data: bytes, *, is_key: bool) -> bool:
        """Whether the packet is the rest of the newest key frame; takes every packet in turn."""
        if not is_key or not self.reads:
            return False
        same = self._begun and pts == self._pts
        self._begun, self._pts = True, pts
        return same and continues_picture(data)


class FrameNumbers:
    """Follows the numbers of one stream, packet by packet in the order of decoding.

    Only H.264 with start codes (Annex B, as RTSP, HLS and MPEG-TS bring it) has numbers that are
    read; of everything else it says that nothing is missing.

    Args:
        codec: FFmpeg's name.
        extradata: parameter sets from outside the stream.
    """

    def __init__(self, codec: str, extradata: bytes = b"") -> None:
        self._reads = _has_start_codes(codec, extradata)
        self._numbering: _Numbering | None = None
        self._last: int | None = None
        self.counted = False
        """The newest picture counted up: others build on it."""
        if self._reads:
            for unit in _units(extradata):
                self._learn(unit)

    def missing(self, data: bytes) -> bool:
        """Whether a picture that others build on is missing before the one in ``data``."""
        self.counted = False
        if not self._reads:
            return False
        for unit in _units(data):
            kind = unit[0] & 0x1F
            if kind == _SET:
                self._learn(unit)
            elif kind in (_SLICE, _KEY_SLICE) and self._numbering is not None:
                return self._leap(unit, self._numbering)
        return False

    def refreshed_after(self, data: bytes) -> int:
        """Give how many pictures must count up after the one in ``data`` until all is refreshed.

        0 where it is no point of recovery, or a key frame.
        """
        after = 0
        for unit in _units(data) if self._reads else ():
            kind = unit[0] & 0x1F
            if kind == _MESSAGES:
                after = after or _read_recovery(unit[1:])
            elif kind == _KEY_SLICE:
                return 0
            elif kind == _SLICE:
                break
        return after

    def forget(self) -> None:
        """Take the next picture as it comes: packets were left out on purpose."""
        self._last = None

    def _learn(self, unit: bytes) -> None:
        try:
            self._numbering = _read_set(_Bits(unit[1:]))
        except EOFError:  # a damaged set: the decoder will say so
            self._numbering = None

    def _leap(self, unit: bytes, numbering: _Numbering) -> bool:
        try:
            number = _read_number(_Bits(unit[1:]), numbering)
        except EOFError:
            return True  # the slice is cut off in its first bytes
        last, is_key = self._last, unit[0] & 0x1F == _KEY_SLICE
        if unit[0] >> 5 & 3:  # others build on it
            self._last, self.counted = number, number != last
        if is_key or last is None or numbering.leaps:
            return False
        return number not in (last, (last + 1) % (1 << numbering.bits))


class _Bits:
    """Reads bits of a unit, whose emulation prevention bytes (7.4.1) are left out first."""

    def __init__(self, unit: bytes) -> None:
        plain = unit.replace(b"\x00\x00\x03", b"\x00\x00")
        self._left = 8 * len(plain)
        self._value = int.from_bytes(plain)

    def take(self, bits: int) -> int:
        """Give the next ``bits``; raises EOFError where there are no more."""
        if bits > self._left:
            raise EOFError
        self._left -= bits
        return self._value >> self._left & ((1 << bits) - 1)

    def golomb(self) -> int:
        """Give an Exp-Golomb coded number (9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _MAX_GOLOMB_ZEROS:
                raise EOFError
        return (1 << zeros) - 1 + self.take(zeros)


def _units(data: bytes) -> Iterator[bytes]:
    """Give the first bytes of each unit, which start codes part; nothing where there are none."""
    at = data.find(START_CODE) if data.startswith(BEGINNINGS) else -1
    while 0 <= at < len(data) - len(START_CODE):
        begin = at + len(START_CODE)
        yield data[begin : begin + _HEAD_BYTES]
        at = data.find(START_CODE, begin)


def _read_recovery(messages: bytes) -> int:
    """Give recovery_frame_cnt of the first point of recovery; 0 where none is."""
    bits = _Bits(messages)
    try:
        while True:
            kind, size = _read_escaped(bits), _read_escaped(bits)
            if kind == _RECOVERY_POINT:
                return bits.golomb()
            bits.take(8 * size)
    except EOFError:
        return 0


def _read_escaped(bits: _Bits) -> int:
    """Read a number whose bytes of 255 go on (7.3.2.3.1)."""
    number = byte = bits.take(8)
    while byte == 0xFF:  # noqa: PLR2004
        byte = bits.take(8)
        number += byte
    return number


def _read_number(bits: _Bits, numbering: _Numbering) -> int:
    for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
        bits.golomb()
    if numbering.planes_apart:
        bits.take(2)
    return bits.take(numbering.bits)


def _read_set(bits: _Bits) -> _Numbering:
    profile = bits.take(8)
    bits.take(16)  # constraints and level
    bits.golomb()  # seq_parameter_set_id
    planes_apart = profile in _WITH_CHROMA and _read_chroma(bits)
    number_bits = bits.golomb() + 4
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(bits.golomb()):
            bits.golomb()
    bits.golomb()  # max_num_ref_frames
    return _Numbering(number_bits, planes_apart, leaps=bool(bits.take(1)))


def _read_chroma(bits: _Bits) -> bool:
    """Read what the high profiles say of colours; gives separate_colour_plane_flag."""
    chroma = bits.golomb()
    planes_apart = chroma == _FOUR_FOUR_FOUR and bool(bits.take(1))
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):  # scaling matrices
        for number in range(12 if chroma == _FOUR_FOUR_FOUR else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)  # noqa: PLR2004  (7.3.2.1.1.1)
    return planes_apart


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            coded = bits.golomb()
            delta = (coded + 1) // 2 if coded % 2 else -(coded // 2)
            following = (last + delta) % 256
        last = following or last
