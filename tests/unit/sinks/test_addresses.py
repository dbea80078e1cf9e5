import pytest

from detector.sinks.addresses import AllowList


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "224.0.0.1",
        "0.0.0.0",  # noqa: S104  (not bound to)
        "240.0.0.1",
    ],
)
def test_what_is_never_an_upstream_system_must_be_listed_as_a_range(address: str) -> None:
    assert not AllowList.parse([]).permits("control.example", address)
    assert not AllowList.parse(["control.example"]).permits("control.example", address)


def test_a_listed_range_permits_even_a_link_local_address() -> None:
    assert AllowList.parse(["169.254.7.0/24"]).permits("x", "169.254.7.9")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "192.0.2.1", "::1", "fd12::1"])
def test_without_a_list_the_host_of_the_address_is_permitted(address: str) -> None:
    assert AllowList.parse([]).permits("control.example", address)


def test_with_a_list_everything_else_is_refused() -> None:
    allowed = AllowList.parse(["Control.Example", "10.1.0.0/16", "2001:db8::7"])
    assert allowed.permits("control.example.", "192.0.2.1")
    assert allowed.permits("other.example", "10.1.2.3")
    assert allowed.permits("other.example", "::ffff:10.1.2.3")
    assert allowed.permits("other.example", "2001:db8::7")
    assert not allowed.permits("other.example", "10.2.0.1")
    assert not allowed.permits("evil.control.example", "192.0.2.1")
