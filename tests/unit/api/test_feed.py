import asyncio

from detector.api.feed import Feed
from detector.store import Store
from tests.happenings import START, make_event, make_incident


def test_a_commit_after_the_event_loop_has_ended_is_not_disturbed(store: Store) -> None:
    async def begin() -> Feed:
        return await Feed(store).__aenter__()

    feed = asyncio.run(begin())
    store.append([make_event()], [make_incident()], [], now=START)
    assert store.last_seq() == 1
    assert not feed.closed


def test_a_feed_that_is_left_no_longer_listens(store: Store) -> None:
    async def begin_and_end() -> Feed:
        async with Feed(store) as feed:
            assert len(store._listeners) == 1
        return feed

    assert asyncio.run(begin_and_end()).closed
    assert store._listeners == []
