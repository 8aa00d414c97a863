# SPDX-License-Identifier: Apache-2.0
"""A gateway with one route to one backend, for the scenarios of big.py."""
import contextlib
import pathlib
from collections.abc import Iterator

import objects
import servers

HOST = "big.example.com"


@contextlib.contextmanager
def gateway_before(folder: pathlib.Path, endpoint: str, *flags: str) -> Iterator[tuple[servers.Gateway, int]]:
    """The gateway and its port. When the scenario ends well, so must the gateway."""
    [port] = servers.free_ports(1)
    config = folder / f"conf-{port}"
    config.mkdir()
    (config / "main.yaml").write_text(objects.text_of(
        [objects.gateway_class(), objects.gateway("main", [port]), objects.http_route("main", "main", HOST, "backend"),
         objects.service("backend", [endpoint])]))
    with servers.Gateway(folder, config, "--workers", "2", "--drain-delay", "0s", "--drain-timeout", "30s",
                         *flags) as gateway:
        gateway.wait_until_ready()
        yield gateway, port
        gateway.end()


def mib(size: float) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
