"""What the store itself writes into the custody log: evidence taken up, and events handed over.

Directive (EU) 2016/680, Article 25, asks for collections and disclosures. Both are written in the
transaction of what they tell of, so neither can be missing, and repeating a commit adds nothing.
"""

import json
from collections.abc import Iterable, Iterator

from detector.delivery import Answer, Delivery, Outcome
from detector.events import Event
from detector.store.custody_records import CustodyAction, NewCustody, incident_object
from detector.store.records import ClipRecord, ClipState

DELIVERY = "delivery to an upstream system, as configured"
"""The purpose of every disclosure that the service makes by itself."""


def snapshots_collected(committed: Iterable[Event]) -> Iterator[NewCustody]:
    """Say of each freshly committed event that its picture was kept, where one was."""
    for event in committed:
        if event.data.has_snapshot:
            name = incident_object(event.data.incident_id, f"snapshots/{event.id}")
            yield NewCustody(CustodyAction.COLLECT, name)


def clip_collected(clip: ClipRecord, state: ClipState, body: str) -> Iterator[NewCustody]:
    """Say that a clip is ready, with the hash of its file; of a missing one there is nothing."""
    if state is ClipState.READY:
        name = incident_object(clip.incident_id, f"clips/{clip.number}")
        sha256 = json.loads(body).get("sha256", "")
        yield NewCustody(
            CustodyAction.COLLECT, name, result=f"sha256 {sha256}" if sha256 else "done"
        )


def disclosed(delivery: Delivery, outcome: Outcome) -> Iterator[NewCustody]:
    """Say that an upstream system has an event of evidence.

    Nothing is said where the event stayed here (a log), tells of no picture and no clip (of a
    camera, say), or is a repetition of a delivery that succeeded before.
    """
    if outcome.answer is not Answer.ACCEPTED or not outcome.recipient:
        return
    event = delivery.event()
    if event.data.has_snapshot or event.data.has_clip:
        yield NewCustody(
            CustodyAction.DISCLOSE,
            incident_object(delivery.incident_id, f"events/{delivery.event_id}"),
            purpose=DELIVERY,
            recipient=f"{delivery.sink} ({outcome.recipient})",
            result=outcome.detail,
        )
