import socket

import pytest

from detector.api.server import address, bind
from detector.config.access import ApiSettings
from detector.errors import DetectorError


def test_a_free_port_is_taken_and_told() -> None:
    with bind(ApiSettings(port=0)) as listener:
        assert address(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_port_that_is_taken_is_one_clear_error_with_exit_code_1() -> None:
    with bind(ApiSettings(port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DetectorError) as caught:
            bind(ApiSettings(port=port))
    assert str(caught.value) == (
        f"api.host 127.0.0.1, api.port {port}: expected a free address, "
        "found one that another program uses"
    )
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_of_this_machine_is_one_clear_error(host: str) -> None:
    with pytest.raises(
        DetectorError, match=f"api.host {host}, api.port 0: expected a free address"
    ):
        bind(ApiSettings(host=host, port=0))


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python knows no IPv6")
def test_ipv6_addresses_are_written_as_urls_want_them() -> None:
    try:
        listener = bind(ApiSettings(host="::1", port=0))
    except DetectorError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with listener:
        assert address(listener).startswith("http://[::1]:")
