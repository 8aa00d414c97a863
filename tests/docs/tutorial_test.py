#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every shell line of docs/tutorial.md, run in order in one shell; every line it promises must be printed.

```sh blocks are run; a ```yaml block after "Save as `NAME`:" is written to that file; each line of the ```text block
behind an sh block must be part of what that block printed. Ports are replaced by free ones.
"""
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/process"))

import servers  # noqa: E402

PATIENCE = 100.0
PORTS = ("8080", "9001", "9002", "9901")


@dataclasses.dataclass
class Block:
    kind: str
    text: str
    file: str = ""


def blocks_of(document: str) -> list[Block]:
    found: list[Block] = []
    last_words = ""
    for part in re.split(r"^(```.*?^```$)", document, flags=re.MULTILINE | re.DOTALL):
        if part.startswith("```"):
            kind, _, text = part[3:-3].partition("\n")
            name = re.search(r"Save as `([^`]+)`:\s*$", last_words)
            found.append(Block(kind, text, name.group(1) if name else ""))
        else:
            last_words = part
    return found


class Tutorial(unittest.TestCase):
    def setUp(self) -> None:
        text = (ROOT / "docs/tutorial.md").read_text()
        for port, free in zip(PORTS, servers.free_ports(len(PORTS))):
            text = text.replace(f":{port}", f":{free}").replace(f"={port}", f"={free}")
            if port == "9901":
                self.admin = f"127.0.0.1:{free}"
        self.blocks = blocks_of(text)

    def test_every_line_runs_and_prints_what_it_promises(self):
        kinds = {block.kind for block in self.blocks}
        self.assertEqual({"sh", "yaml", "text"}, kinds)
        with tempfile.TemporaryDirectory(prefix="gatehouse-tutorial-") as folder:
            output = self.run_all(pathlib.Path(folder))
        number = -1
        for block in self.blocks:
            number += block.kind == "sh"
            if block.kind != "text":
                continue
            for line in block.text.splitlines():
                self.assertIn(" ".join(line.split()), " ".join(output[number].split()), f"block {number}")

    def run_all(self, folder: pathlib.Path) -> list[str]:
        """What each sh block printed."""
        script = ["set -e"]
        for block in self.blocks:
            if block.kind == "yaml":
                (folder / block.file).write_text(block.text)
            elif block.kind == "sh":
                script += ["exec > out.$((++block)) 2>&1", block.text]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
        environment |= {"PATH": f"{servers.BUILD}:{os.environ['PATH']}", "GATEHOUSE_ADMIN_ADDRESS": self.admin,
                        "block": "0"}
        shell = subprocess.Popen(["bash", "-c", "\n".join(script)], cwd=folder, env=environment,
                                 stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            status = shell.wait(PATIENCE)
        finally:
            try:
                os.killpg(shell.pid, signal.SIGKILL)  # its own session: the backends, when it ended early
            except ProcessLookupError:
                pass
        printed = sorted(folder.glob("out.*"), key=lambda path: int(path.suffix[1:]))
        output = [path.read_text(errors="replace") for path in printed]
        self.assertEqual(0, status, "\n".join(output)[-3000:])
        return output


if __name__ == "__main__":
    unittest.main()
