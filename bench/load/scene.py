# SPDX-License-Identifier: Apache-2.0
"""What the two sides of a proxy speak, and how one request shows that a proxy serves that."""
import pathlib
import subprocess
from dataclasses import dataclass

from processes import HOST

MESSAGE = b"\0\0\0\0\x05hello"  # one of gRPC; its backend sends it back
SIZES = {"/get": 150, "/1m": 1 << 20, "/100m": 100 << 20, "/test.Echo/Unary": len(MESSAGE)}


@dataclass(frozen=True)
class Scene:
    """`front`: http, https (HTTP/2 and HTTP/1.1 by ALPN), h2c (HTTP/2 alone) or tcp (the proxy does not look into it).
    `backend`: http or grpc (HTTP/2 over plain TCP). `key`: of the certificate, ec or rsa."""

    front: str = "http"
    backend: str = "http"
    key: str = "ec"

    @property
    def is_secure(self) -> bool:
        return self.front == "https"

    @property
    def path(self) -> str:
        return "/test.Echo/Unary" if self.backend == "grpc" else "/get"


PLAIN = Scene()


@dataclass(frozen=True)
class Certificate:
    certificate: pathlib.Path
    key: pathlib.Path
    both: pathlib.Path  # one file, as HAProxy wants it


def certificate(folder: pathlib.Path, kind: str) -> Certificate:
    """For HOST, signed by itself; made once per folder. `kind`: ec (P-256) or rsa (2048 bits)."""
    made = Certificate(*(folder / f"{kind}.{end}" for end in ("crt", "key", "pem")))
    if not made.both.exists():
        key = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["rsa:2048"]
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", f"/CN={HOST}", "-newkey", *key,
                        "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(made.key), "-out",
                        str(made.certificate)], check=True, capture_output=True, stdin=subprocess.DEVNULL)
        made.both.write_text(made.certificate.read_text() + made.key.read_text())
    return made


def message_file(folder: pathlib.Path) -> pathlib.Path:
    file = folder / "message"
    file.write_bytes(MESSAGE)
    return file


GRPC_HEADERS = ("content-type: application/grpc", "te: trailers")


def ask(scene: Scene, port: int, path: str, folder: pathlib.Path) -> tuple[int, int]:
    """Status and size of the answer to one request of curl; a connection that fails has status 0."""
    scheme = "https" if scene.is_secure else "http"
    command = ["curl", "--silent", "--insecure", "--noproxy", "*", "--max-time", "10", "--resolve",
               f"{HOST}:{port}:127.0.0.1", "--header", f"Host: {HOST}", "--output", "/dev/null",
               "--write-out", "%{http_code} %{size_download}"]
    if scene.front == "h2c" or scene.backend == "grpc":
        command.append("--http2" if scene.is_secure else "--http2-prior-knowledge")
    if scene.backend == "grpc":
        command += ["--data-binary", f"@{message_file(folder)}"]
        command += [part for header in GRPC_HEADERS for part in ("--header", header)]
    done = subprocess.run([*command, f"{scheme}://{HOST}:{port}{path}"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    status, size = done.stdout.split()
    return int(status), int(size)
