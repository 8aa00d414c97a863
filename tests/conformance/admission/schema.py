# SPDX-License-Identifier: Apache-2.0
"""CustomResourceDefinitions as an API server shows them, and the places of a value that schemas speak of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
METADATA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "labels": TEXTS, "annotations": TEXTS},
}


@dataclass(frozen=True)
class Definition:
    """One served version of one kind."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    schema: dict
    is_storage: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"

    @property
    def title(self) -> str:
        return f"{self.kind} {self.version}"

    @property
    def spec(self) -> dict:
        return self.schema["properties"]["spec"]

    def same_rules(self, other: Definition) -> bool:
        return json.dumps(self.spec) == json.dumps(other.spec)


@dataclass(frozen=True)
class Place:
    """A value inside an object: where it is, what its schema says, and the value that it is part of."""

    path: tuple  # keys and indices
    pattern: str  # spec.rules[].name: what all places with this schema have alike
    schema: dict
    value: Any
    owner: Place | None = None


def definitions_of(crds: list[dict]) -> Iterator[Definition]:
    """Every served version of every kind."""
    for crd in crds:
        spec = crd["spec"]
        names = spec["names"]
        for version in spec["versions"]:
            if not version["served"]:
                continue
            yield Definition(
                spec["group"],
                version["name"],
                names["kind"],
                names["plural"],
                spec["scope"] == "Namespaced",
                version["schema"]["openAPIV3Schema"],
                version["storage"],
            )


def spec_places(definition: Definition, document: dict) -> Iterator[Place]:
    """Every value below spec, and spec itself."""
    return _places(Place(("spec",), "spec", definition.spec, document["spec"]))


def metadata_places(document: dict) -> Iterator[Place]:
    """The name, labels and annotations: definitions say nothing of them, and they have rules all the same."""
    return _places(Place(("metadata",), "metadata", METADATA, document["metadata"]))


def _places(place: Place) -> Iterator[Place]:
    yield place
    schema, value = place.schema, place.value
    if isinstance(value, dict):
        for key, item in value.items():
            step, inner = _schema_of_key(schema, key)
            if inner is not None:
                pattern = f"{place.pattern}.{step}"
                yield from _places(Place((*place.path, key), pattern, inner, item, place))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            pattern = f"{place.pattern}[]"
            yield from _places(Place((*place.path, index), pattern, schema["items"], item, place))


def _schema_of_key(schema: dict, key: str) -> tuple[str, dict | None]:
    if key in schema.get("properties", {}):
        return key, schema["properties"][key]
    free = schema.get("additionalProperties")
    return "*", free if isinstance(free, dict) else None


def spec_patterns(definition: Definition) -> set[str]:
    """The patterns of all fields that there are."""
    return {pattern for pattern, _ in _schemas(definition.spec, "spec")}


def spec_rules(definition: Definition) -> set[tuple[str, str]]:
    """(pattern, message) of every CEL rule below spec that can refuse a new object."""
    rules = set()
    for pattern, schema in _schemas(definition.spec, "spec"):
        for rule in schema.get("x-kubernetes-validations", []):
            if "oldSelf" not in rule["rule"]:
                rules.add((pattern, rule["message"]))
    return rules


def _schemas(schema: dict, pattern: str) -> Iterator[tuple[str, dict]]:
    yield pattern, schema
    for key, inner in schema.get("properties", {}).items():
        yield from _schemas(inner, f"{pattern}.{key}")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _schemas(schema["additionalProperties"], f"{pattern}.*")
    if "items" in schema:
        yield from _schemas(schema["items"], f"{pattern}[]")
