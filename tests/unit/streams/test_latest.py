import threading

from detector.streams import Latest


def test_the_newest_frame_wins_and_the_replaced_one_is_reported() -> None:
    slots = Latest[str, int]()
    slots.open("a")

    replaced = [slots.put("a", n) for n in range(3)]

    assert replaced == [False, True, True]
    assert slots.take(0.0) == [2]


def test_one_take_gives_the_newest_frames_of_several_cameras_longest_waiting_first() -> None:
    slots = Latest[str, str]()
    for camera in ("a", "b", "c"):
        slots.open(camera)
    for camera in ("b", "a", "c", "b"):
        slots.put(camera, camera)

    assert slots.take(0.0, limit=2) == ["b", "a"]
    assert slots.take(0.0) == ["c"]


def test_a_recording_loses_no_frame_however_slow_the_analysis_is() -> None:
    slots = Latest[str, int]()
    slots.open("a")

    def read() -> None:
        for n in range(50):
            assert slots.put_waiting("a", n)
        slots.end("a")

    reader = threading.Thread(target=read)
    reader.start()
    taken = []
    while not slots.drained:
        taken += slots.take(5.0)
    reader.join()

    assert taken == list(range(50))


def test_what_lies_in_the_slot_when_a_recording_ends_can_still_be_taken() -> None:
    slots = Latest[str, int]()
    slots.open("a")
    slots.put_waiting("a", 1)
    slots.end("a")

    assert not slots.drained
    assert slots.take(0.0) == [1]
    assert slots.drained


def test_a_reader_that_waits_for_its_slot_is_released_when_it_is_stopped() -> None:
    slots = Latest[str, int]()
    slots.open("a")
    slots.put_waiting("a", 1)
    accepted: list[bool] = []
    reader = threading.Thread(target=lambda: accepted.append(slots.put_waiting("a", 2)))
    reader.start()

    slots.end("a")
    reader.join(10.0)

    assert accepted == [False]


def test_an_analysis_that_waits_is_woken_by_the_first_frame_of_any_camera() -> None:
    slots = Latest[str, int]()
    slots.open("a")
    slots.open("b")
    taken: list[int] = []
    analysis = threading.Thread(target=lambda: taken.extend(slots.take(60.0)))
    analysis.start()

    slots.put("b", 7)
    analysis.join(10.0)

    assert taken == [7]


def test_closed_slots_wake_everybody_and_take_nothing_more() -> None:
    slots = Latest[str, int]()
    slots.open("a")
    slots.put("a", 1)

    slots.close()

    assert slots.take(60.0) == []
    assert slots.put("a", 2)
    assert not slots.put_waiting("a", 3)
    assert slots.drained
