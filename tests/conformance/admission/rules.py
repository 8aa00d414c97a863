# SPDX-License-Identifier: Apache-2.0
"""Which CEL rules of the definitions have refused an object: a rule that never did is not tested."""

from __future__ import annotations

import re

from breaks import Case
from schema import Definition, spec_rules
from verdicts import Verdict

# Rules that no object breaks, and why: (end of the pattern, beginning of the message, reason).
UNBREAKABLE: list[tuple[str, str, str]] = [
    (".matches[].path", "type must be one of", "the schema has an enum of the same values"),
]


class RuleCoverage:
    """Collects what an API server says."""

    def __init__(self) -> None:
        self._said: dict[str, set[tuple[str, str]]] = {}

    def add(self, case: Case, verdict: Verdict) -> None:
        said = self._said.setdefault(case.definition.title, set())
        for field, message in verdict.reasons:
            said.add((re.sub(r"\[\d+\]", "[]", field), message))

    def missing(self, definition: Definition) -> list[str]:
        """The rules of one definition that refused nothing, a line each."""
        said = self._said.get(definition.title, set())
        lines = []
        for pattern, message in sorted(spec_rules(definition)):
            is_hit = any(field == pattern and message in text for field, text in said)
            if is_hit != _is_unbreakable(pattern, message):
                continue
            state = "refused an object, and is listed as unbreakable" if is_hit else "refused no object"
            lines.append(f"RULE {definition.title} {pattern}: {message!r} {state}")
        return lines


def _is_unbreakable(pattern: str, message: str) -> bool:
    return any(pattern.endswith(end) and message.startswith(begin) for end, begin, _ in UNBREAKABLE)
