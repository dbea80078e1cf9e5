"""Bytes to frames: recordings, live cameras, folders of pictures."""

from detector.streams.base import InputSettings, Source, SourceProgress, redact
from detector.streams.idle import IdleSettings, IdleSwitch
from detector.streams.latest import Latest
from detector.streams.mask_trail import MaskTrail
from detector.streams.packet_stream import PacketStream
from detector.streams.packets import PacketRing, PacketTaker
from detector.streams.privacy import PrivacyMasks
from detector.streams.sources import has_packets, is_live, new_timeline, open_packets, open_source
from detector.streams.timeline import Timeline

__all__ = [
    "IdleSettings",
    "IdleSwitch",
    "InputSettings",
    "Latest",
    "MaskTrail",
    "PacketRing",
    "PacketStream",
    "PacketTaker",
    "PrivacyMasks",
    "Source",
    "SourceProgress",
    "Timeline",
    "has_packets",
    "is_live",
    "new_timeline",
    "open_packets",
    "open_source",
    "redact",
]
