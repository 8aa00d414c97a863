# SPDX-License-Identifier: Apache-2.0
"""One large upload and one large download: every byte arrives, and the gateway stays small meanwhile."""
import hashlib
import http.client
import json
import os
import pathlib
import time

import servers
from scene import HOST, gateway_before, mib
from servers import require

BLOCK_BYTES = 1 << 20


def _blocks(size: int, digest):
    """`size` bytes, no two blocks equal, all of them put into `digest`."""
    noise = os.urandom(BLOCK_BYTES)
    for number in range(size // BLOCK_BYTES):
        block = number.to_bytes(8, "big") + noise[8:]
        digest.update(block)
        yield block


def _upload(port: int, size: int) -> None:
    digest = hashlib.sha256()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("POST", "/upload", body=_blocks(size, digest),
                       headers={"Host": HOST, "Content-Length": str(size)})
    seen = json.loads(connection.getresponse().read())
    connection.close()
    require(seen == {"bytes": size, "sha256": digest.hexdigest()}, f"the backend got something else: {seen}")


def _download(port: int, size: int) -> str:
    digest, left, buffer = hashlib.sha256(), size, bytearray(BLOCK_BYTES)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", f"/bytes/{size}", headers={"Host": HOST})
    answer = connection.getresponse()
    while count := answer.readinto(buffer):
        digest.update(memoryview(buffer)[:count])
        left -= count
    connection.close()
    require(left == 0, f"{left} bytes of the download are missing")
    return digest.hexdigest()


def transfers_arrive_whole(folder: pathlib.Path, size: int, most: int) -> None:
    with servers.Echo(folder) as echo, gateway_before(folder, echo.endpoint) as (gateway, port):
        begin = time.monotonic()
        _upload(port, size)
        print(f"  {mib(size)} up in {time.monotonic() - begin:.1f} s", flush=True)
        begin = time.monotonic()
        through = _download(port, size)
        print(f"  {mib(size)} down in {time.monotonic() - begin:.1f} s", flush=True)
        require(through == _download(echo.port, size), "the download is not what the backend sends")
        peak = gateway.memory("VmHWM")
        print(f"  memory: {mib(peak)} at most", flush=True)
        require(peak < most, f"the gateway took {mib(peak)}")
