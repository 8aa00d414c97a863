# SPDX-License-Identifier: Apache-2.0
"""Certificates of a test, made with the openssl command line, and the objects that hold them."""
import pathlib
import subprocess


class Authority:
    """Makes certificates in a folder with the openssl command line."""

    def __init__(self, folder: pathlib.Path, name: str = "authority"):
        self.folder = folder
        self.certificate = folder / f"{name}.crt"
        self._key = folder / f"{name}.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                      "-keyout", str(self._key), "-out", str(self.certificate))

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def issue(self, name: str, host: str, key: str = "ec") -> tuple[pathlib.Path, pathlib.Path]:
        """Certificate and key files for `host`; `key` is "ec" or "rsa:2048"."""
        certificate, private = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        curve = ["-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else []
        self._openssl("req", "-new", "-newkey", key, *curve, "-nodes", "-subj", f"/CN={name}",
                      "-keyout", str(private), "-out", str(request))
        extensions.write_text(f"subjectAltName=DNS:{host}\n")
        self._openssl("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self._key),
                      "-CAcreateserial", "-days", "2", "-extfile", str(extensions), "-out", str(certificate))
        return certificate, private


def secret(name: str, files: tuple[pathlib.Path, pathlib.Path]) -> dict:
    certificate, key = (file.read_text() for file in files)
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": certificate, "tls.key": key}}


def trust(name: str, authority: Authority) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
            "data": {"ca.crt": authority.certificate.read_text()}}
