# SPDX-License-Identifier: Apache-2.0
"""The values that valid objects have, by place: what is put beside and instead of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schema import Definition, Place, spec_places

CHOOSERS = ("type", "protocol", "kind", "mode", "from", "lifetimeType")
MOST = 12  # of each place


class Examples:
    """Values of one kind of object."""

    def __init__(self, definition: Definition, documents: list[dict]):
        self._by_pattern: dict[str, dict[str, Any]] = {}
        for document in documents:
            for place in spec_places(definition, document):
                values = self._by_pattern.setdefault(place.pattern, {})
                if len(values) < MOST:
                    values.setdefault(json.dumps(place.value), place.value)

    def of(self, pattern: str) -> list[Any]:
        return list(self._by_pattern.get(pattern, {}).values())

    def additions(self, place: Place) -> Iterator[tuple[str, Any]]:
        """The place with one field or item more."""
        if isinstance(place.value, dict):
            for key in place.schema.get("properties", {}):
                for value in self.of(f"{place.pattern}.{key}")[:1]:
                    if key not in place.value:
                        yield f"and {key}", {**place.value, key: value}
        elif isinstance(place.value, list):
            for value in self.of(f"{place.pattern}[]"):
                if value not in place.value:
                    yield f"and {short(value)}", [*place.value, value]


def situation(place: Place) -> tuple:
    """What rules about neighbours go by: the fields that are there, and the texts that choose among them."""
    around = []
    for each in (place, place.owner):
        if each is not None and isinstance(each.value, dict):
            around.append(tuple(sorted(each.value)))
            around.append(chosen(each.value))
    if isinstance(place.value, list):
        around += [chosen(item) if isinstance(item, dict) else str(item) for item in place.value]
    return tuple(around)


def chosen(value: dict) -> str:
    return " ".join(str(value[key]) for key in CHOOSERS if key in value)


def short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
