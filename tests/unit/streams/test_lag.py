from detector.streams.lag import CatchUp


def run(packets: list[tuple[float, float, float]]) -> list[int]:
    """Skipped positions of (timestamp, arrival, waited) packets, a key frame every 25."""
    catch_up = CatchUp()
    return [
        n
        for n, (raw_s, arrived_s, waited_s) in enumerate(packets)
        if catch_up.skip(raw_s, arrived_s, waited_s, is_key=n % 25 == 0)
    ]


def test_a_camera_whose_decoding_keeps_up_is_never_skipped() -> None:
    assert run([(n / 25, n / 25 + 0.01 * (n % 5), 0.02) for n in range(1000)]) == []


def test_a_drifting_camera_clock_is_no_lag() -> None:
    day = [(n * 30.0, n * 30.0 * 1.0001, 0.02) for n in range(3000)]

    assert run(day) == []


def test_a_reader_two_seconds_behind_skips_to_the_key_frame_after_the_present() -> None:
    slow = [(n / 25, n / 25 * 2, 0.0) for n in range(60)]  # decodes at half the camera's speed
    drained = [(n / 25, 4.8, 0.0) for n in range(60, 120)]  # skipping costs nothing
    present = [(n / 25, n / 25, 0.03) for n in range(120, 200)]

    skipped = run([*slow, *drained, *present])

    assert skipped == list(range(51, 125))


def test_a_clock_that_leaps_back_costs_no_more_than_one_group_of_pictures() -> None:
    packets = [((n % 100) / 25, n / 25, 0.03) for n in range(300)]

    assert len(run(packets)) <= 2 * 25
