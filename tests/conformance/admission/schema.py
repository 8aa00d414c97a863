# SPDX-License-Identifier: Apache-2.0
"""CustomResourceDefinitions as an API server shows them, and the places of a value that their schemas speak of."""

import json
from dataclasses import dataclass


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
    def api_version(self):
        return f"{self.group}/{self.version}"

    @property
    def title(self):
        return f"{self.kind} {self.version}"

    def same_rules(self, other):
        return json.dumps(self.schema["properties"]["spec"]) == json.dumps(other.schema["properties"]["spec"])


@dataclass(frozen=True)
class Place:
    """A value inside an object: where it is, and what its schema says."""

    path: tuple  # keys and indices
    pattern: str  # spec.rules[].name: what all places with this schema have alike
    schema: dict
    value: object
    required: bool


def definitions_of(crds):
    for crd in crds:
        spec = crd["spec"]
        for version in spec["versions"]:
            if version["served"]:
                yield Definition(
                    spec["group"],
                    version["name"],
                    spec["names"]["kind"],
                    spec["names"]["plural"],
                    spec["scope"] == "Namespaced",
                    version["schema"]["openAPIV3Schema"],
                    version["storage"],
                )


def spec_places(definition, document):
    """Every value below spec, and spec itself."""
    schema = definition.schema["properties"]["spec"]
    required = "spec" in definition.schema.get("required", [])
    return _places(Place(("spec",), "spec", schema, document["spec"], required))


def _places(place):
    yield place
    schema, value = place.schema, place.value
    if isinstance(value, dict):
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key)
            if inner is not None:
                required = key in schema.get("required", [])
                yield from _places(Place((*place.path, key), f"{place.pattern}.{key}", inner, item, required))
            elif isinstance(schema.get("additionalProperties"), dict):
                inner = schema["additionalProperties"]
                yield from _places(Place((*place.path, key), f"{place.pattern}.*", inner, item, False))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(
                Place((*place.path, index), f"{place.pattern}[]", schema["items"], item, True)
            )


def spec_patterns(definition):
    """The patterns of all fields that there are."""
    return set(_patterns(definition.schema["properties"]["spec"], "spec"))


def _patterns(schema, pattern):
    yield pattern
    for key, inner in schema.get("properties", {}).items():
        yield from _patterns(inner, f"{pattern}.{key}")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _patterns(schema["additionalProperties"], f"{pattern}.*")
    if "items" in schema:
        yield from _patterns(schema["items"], f"{pattern}[]")


def spec_rules(definition):
    """(pattern, message) of every CEL rule below spec that can refuse a new object."""
    return set(_rules(definition.schema["properties"]["spec"], "spec"))


def _rules(schema, pattern):
    for rule in schema.get("x-kubernetes-validations", []):
        if "oldSelf" not in rule["rule"]:
            yield pattern, rule["message"]
    for key, inner in schema.get("properties", {}).items():
        yield from _rules(inner, f"{pattern}.{key}")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _rules(schema["additionalProperties"], f"{pattern}.*")
    if "items" in schema:
        yield from _rules(schema["items"], f"{pattern}[]")
