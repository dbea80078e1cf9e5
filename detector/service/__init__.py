"""The composition root of the live service: a checked configuration becomes what runs.

``service`` starts and stops everything in order and answers the HTTP interface, ``camera_assembly``
puts each camera together, ``camera`` is what others see of one, ``readiness`` says what being ready
needs.
"""

from detector.service.camera import Camera
from detector.service.readiness import ReadyCheck
from detector.service.service import Service

__all__ = ["Camera", "ReadyCheck", "Service"]
