# SPDX-License-Identifier: Apache-2.0
"""What an API server and `gatehouse validate` say of the same objects."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import ssl
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import yaml

from breaks import Case

OBJECTS_PER_FILE = 1000
CONNECTIONS = 4  # an API server on two cores is busy with that


@dataclass
class Verdict:
    """Whether an object is refused, and why."""

    refused: bool
    reasons: list[tuple[str, str]] = field(default_factory=list)  # (field, text) of the side that refuses

    def __str__(self) -> str:
        if not self.refused:
            return "accepted"
        return "refused: " + "; ".join(f"{name}: {text}" if name else text for name, text in self.reasons)


class ApiServer:
    """Dry-run creates, over connections that are kept."""

    def __init__(self, kubeconfig: str):
        with open(kubeconfig, encoding="utf-8") as file:
            config = yaml.safe_load(file)
        cluster = config["clusters"][0]["cluster"]
        user = config["users"][0]["user"]
        self._address = cluster["server"].removeprefix("https://")
        self._context = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
        )
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(base64.b64decode(user["client-certificate-data"]) + b"\n")
            pem.write(base64.b64decode(user["client-key-data"]))
            pem.flush()
            self._context.load_cert_chain(pem.name)
        self._connections = threading.local()

    def definitions(self) -> list[dict]:
        status, answer = self._send("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        if status != 200:
            raise RuntimeError(f"no definitions: {status} {answer}")
        return answer["items"]

    def judge(self, cases: list[Case]) -> list[Verdict]:
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return list(pool.map(self._judge, cases))

    def _judge(self, case: Case) -> Verdict:
        kind = case.definition
        where = "/namespaces/default" if kind.namespaced else ""
        path = f"/apis/{kind.group}/{kind.version}{where}/{kind.plural}?dryRun=All"
        status, answer = self._send("POST", path, json.dumps(case.document))
        if status == 201:
            return Verdict(False)
        if status not in (400, 422):
            raise RuntimeError(f"{case.title}: {status} {answer}")
        causes = answer.get("details", {}).get("causes", [])
        reasons = [(cause.get("field", ""), cause["message"]) for cause in causes]
        return Verdict(True, reasons or [("", answer["message"])])

    def _send(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        connection = getattr(self._connections, "open", None)
        if connection is None:
            connection = http.client.HTTPSConnection(self._address, context=self._context, timeout=60)
            self._connections.open = connection
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def judge_with_gatehouse(program: str, cases: list[Case]) -> list[Verdict]:
    """One run over files of many objects, a line for each."""
    verdicts = [Verdict(False) for _ in cases]
    for problem in _problems(program, cases):
        # What is decided beyond the decoder has no location: missing parents, Secrets that do not parse.
        if problem["severity"] != "error" or "location" not in problem:
            continue
        if "object" not in problem:
            raise RuntimeError(f"a whole file was not read: {problem}")
        first, line = re.search(r"(\d+)\.yaml:(\d+)", problem["location"]).groups()
        verdict = verdicts[int(first) + int(line) // 2 - 1]
        verdict.refused = True
        verdict.reasons.append((problem.get("field", ""), problem["reason"]))
    return verdicts


def _problems(program: str, cases: list[Case]) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, len(cases), OBJECTS_PER_FILE):
            with open(os.path.join(folder, f"{first}.yaml"), "w", encoding="utf-8") as file:
                for case in cases[first : first + OBJECTS_PER_FILE]:
                    file.write("---\n" + json.dumps(case.document, ensure_ascii=False) + "\n")
        command = [program, "validate", "-f", folder, "--output", "json"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        raise RuntimeError(f"{program} validate: {run.returncode} {run.stderr[-2000:]}")
    return json.loads(run.stdout).get("problems", [])
