# SPDX-License-Identifier: Apache-2.0
"""What our Dockerfile says, as steps: the instructions it uses, and no others."""
import dataclasses
import json
import pathlib
import shlex


@dataclasses.dataclass
class Stage:
    base: str
    name: str
    steps: list[tuple[str, str]] = dataclasses.field(default_factory=list)  # RUN, COPY, WORKDIR
    user: str = "0:0"
    entrypoint: list[str] = dataclasses.field(default_factory=list)
    command: list[str] = dataclasses.field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in joined.splitlines()]


def parse(path: pathlib.Path) -> list[Stage]:
    stages: list[Stage] = []
    for word, rest in instructions(path.read_text()):
        if word == "FROM":
            parts = rest.split()
            stages.append(Stage(parts[0], parts[2] if len(parts) == 3 else "final"))
        elif word in ("RUN", "COPY", "WORKDIR"):
            stages[-1].steps.append((word, rest))
        elif word == "USER":
            stages[-1].user = rest
        elif word == "ENTRYPOINT":
            stages[-1].entrypoint = json.loads(rest)
        elif word == "CMD":
            stages[-1].command = json.loads(rest)
        else:
            raise ValueError(f"{path}: {word} is not understood here")
    return stages


def split_run(rest: str) -> tuple[list[str], str]:
    """The targets of cache mounts, and the command."""
    caches = []
    while rest.startswith("--mount="):
        mount, rest = rest.split(None, 1)
        options = dict(part.split("=", 1) for part in mount.removeprefix("--mount=").split(","))
        if options["type"] != "cache":
            raise ValueError(f"{mount}: is not understood here")
        caches.append(options["target"])
    return caches, rest


def split_copy(rest: str) -> tuple[str, list[str], str]:
    """From which stage ("" = the checkout), what, and where to."""
    words = shlex.split(rest)
    source = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else ""
    return source, words[:-1], words[-1]
