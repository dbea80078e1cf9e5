"""Which network addresses a webhook may be sent to: against requests forged through a name.

Upstream systems of a site are often on private networks, so "no private address" would be of no
use. Instead the operator can list what is permitted, and what never belongs to an incident system
(link-local addresses, among them the metadata services of clouds) has to be listed explicitly.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA = ip_address("fd00:ec2::254")


@dataclass(frozen=True, slots=True)
class AllowList:
    """Permitted targets.

    Attributes:
        hosts: names as they stand in the URL.
        networks: address ranges.
    """

    hosts: frozenset[str]
    networks: tuple[Network, ...]

    @classmethod
    def parse(cls, entries: Sequence[str]) -> "AllowList":
        """Sort names from addresses and ranges.

        >>> AllowList.parse(["Control.example", "10.1.0.0/16"]).permits("x", "10.1.2.3")
        True
        """
        hosts, networks = set[str](), list[Network]()
        for entry in entries:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                if "/" in entry or ":" in entry or not entry:
                    raise ValueError(
                        f"expected a host name, an address or a range, found {entry!r}"
                    ) from None
                hosts.add(entry.lower().rstrip("."))
        return cls(frozenset(hosts), tuple(networks))

    def permits(self, host: str, address: str) -> bool:
        """Whether ``host``, having resolved to ``address``, may be contacted."""
        target = _plain(ip_address(address.partition("%")[0]))
        if any(target in network for network in self.networks):
            return True
        if _never_an_upstream_system(target):
            return False
        unlisted = not self.hosts and not self.networks
        return unlisted or host.lower().rstrip(".") in self.hosts


def _plain(address: Address) -> Address:
    """Give the IPv4 address that hides in an IPv6 one."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _never_an_upstream_system(address: Address) -> bool:
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and not address.is_loopback)
        or address == METADATA
    )


async def resolve(host: str, port: int) -> tuple[str, ...]:
    """Give the addresses of ``host`` in the order of the system's preference.

    Raises:
        OSError: the name is not known.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
