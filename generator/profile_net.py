"""Addresses, networks and ports of a profile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.profile_values import refuse, show

if TYPE_CHECKING:
    from ipaddress import IPv4Network

_PORT = re.compile(r"(?:(\[[0-9A-Fa-f:.]+\]|[0-9.]+):)?([0-9]{1,5}):([0-9]{1,5})(?:/(tcp|udp))?")
_PORT_MEND = "Write HOST:CONTAINER, such as 8080:80, or ADDRESS:HOST:CONTAINER/udp"
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def subnet(value: str) -> str:
    """`auto`, or a private IPv4 network from /16 to /29."""
    if value == "auto":
        return value
    # Imported here: most profiles say auto, and the start of the command must stay quick.
    from ipaddress import IPv4Network

    mend = "Write auto, or a network such as 172.30.0.0/24"
    if not re.fullmatch(r"[0-9.]{7,15}/[0-9]{1,2}", value):
        refuse(f"{show(value)} is not an IPv4 network", mend)
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        refuse(f"{show(value)} is not an IPv4 network", mend)
    return _private_network(value, network)


def _private_network(value: str, network: IPv4Network) -> str:
    from ipaddress import IPv4Network

    if not 16 <= network.prefixlen <= 29:
        refuse(f"{value} is not between /16 and /29 in size", "Write auto, or a network such as 172.30.0.0/24")
    if not any(network.subnet_of(IPv4Network(private)) for private in _PRIVATE):
        refuse(f"{value} is not private", f"Write auto, or a network inside {', '.join(_PRIVATE)}")
    if str(network) != value:
        refuse(f"{value} is an address inside a network", f"Write {network}")
    return value


def name_server(value: str) -> str:
    """The address of a name server that a container can reach."""
    from ipaddress import ip_address

    try:
        address = ip_address(value)
    except ValueError:
        refuse(f"{show(value)} is not an IP address", "Write an address such as 9.9.9.9")
    if address.is_loopback or address.is_unspecified or address.is_multicast or "%" in value:
        refuse(f"{value} does not lead out of the sandbox", "Write the address of a name server that others can reach")
    return str(address)


def port(value: str) -> str:
    """A published port in full: ADDRESS:HOST:CONTAINER/PROTOCOL. The address is 127.0.0.1 unless given."""
    match = _PORT.fullmatch(value)
    if not match:
        refuse(f"{show(value)} is not a port mapping", _PORT_MEND)
    address, host, inside, protocol = match.groups()
    for number in (host, inside):
        if not 1 <= int(number) <= 65535 or number.startswith("0"):
            refuse(f"{show(value)} names port {number}", "Write port numbers from 1 to 65535, without a zero in front")
    return f"{_port_address(value, address)}:{host}:{inside}/{protocol or 'tcp'}"


def _port_address(value: str, address: str | None) -> str:
    if address is None:
        return "127.0.0.1"
    from ipaddress import IPv4Address, IPv6Address

    try:
        if address.startswith("["):
            return f"[{IPv6Address(address[1:-1])}]"
        return str(IPv4Address(address))
    except ValueError:
        refuse(f"{show(value)} does not start with an address of the host", _PORT_MEND)


def any_address(address: str) -> bool:
    """Whether an address of a mapping stands for all of the host's."""
    from ipaddress import ip_address

    return ip_address(address.strip("[]")).is_unspecified


def port_key(mapping: str) -> tuple[str, str, str]:
    """What two mappings may not have in common: address, port of the host, protocol."""
    rest, _, protocol = mapping.partition("/")
    address, host, _ = rest.rsplit(":", 2)
    return address, host, protocol
