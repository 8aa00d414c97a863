# SPDX-License-Identifier: Apache-2.0
"""Breaks each constraint of a schema in turn, at every kind of place that valid objects have, and combines
changes that break nothing by themselves."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from examples import Examples, chosen, short, situation
from schema import Definition, Place, metadata_places, spec_places
from texts import NUMBERS, OTHER_TYPES, TEXTS

REMOVED = object()
FEW = 4  # texts of TEXTS for a place whose rule was tried with all of them elsewhere
LONGEST = 40_000  # characters; longer texts only cost time

Change = tuple[str, Any]  # what it is, and the value that a place gets


@dataclass(frozen=True)
class Case:
    """One object to judge."""

    definition: Definition
    document: dict
    what: str
    is_valid: bool = False  # known to be: whoever refuses it is wrong

    @property
    def title(self) -> str:
        return f"{self.definition.title}: {self.what}"


def changed(document: dict, path: tuple, value: Any) -> dict:
    """A copy with another value at the path; of the rules of a route only the one the path leads to."""
    document = copy.copy(document)
    if path[:2] == ("spec", "rules") and len(path) > 2:
        rules = document["spec"]["rules"]
        document["spec"] = {**document["spec"], "rules": [rules[path[2]]]}
        path = ("spec", "rules", 0, *path[3:])
    document = copy.deepcopy(document)
    owner = document
    for step in path[:-1]:
        owner = owner[step]
    if value is not REMOVED:
        owner[path[-1]] = copy.deepcopy(value)
    else:
        del owner[path[-1]]
    return document


class Breaker:
    """Remembers what was tried, so that each rule is tried with everything once and elsewhere with a few."""

    def __init__(self, seed: int):
        self._dice = random.Random(seed)
        self._tried: set[tuple] = set()
        self._tried_here: set[tuple] = set()  # of one kind

    def broken(self, definition: Definition, documents: list[dict]) -> Iterator[Case]:
        """One change each."""
        examples = Examples(definition, documents)
        seen = set()
        self._tried_here.clear()
        for document in documents:
            for place in [*metadata_places(document), *spec_places(definition, document)]:
                around = situation(place)
                changes = [(what, value, ()) for what, value in self._strict(place)]
                changes += [(what, value, around) for what, value in _mild(place, examples)]
                for what, value, neighbours in changes:
                    key = (place.pattern, what, neighbours)
                    if key in seen:
                        continue
                    seen.add(key)
                    title = f"{document['metadata']['name']} {place.pattern} {what}"
                    yield Case(definition, changed(document, place.path, value), title)

    def combined(self, definition: Definition, documents: list[dict], count: int) -> Iterator[Case]:
        """Two to four mild changes each, by chance."""
        examples = Examples(definition, documents)
        for _ in range(count):
            document = dict(self._dice.choice(documents))
            title = document["metadata"]["name"]
            for _ in range(self._dice.randint(2, 4)):
                place = self._dice.choice(list(spec_places(definition, document)))
                changes = [*_mild(place, examples), *_swaps(place, examples)]
                if changes:
                    what, value = self._dice.choice(changes)
                    title += f", {place.pattern} {what}"
                    document = changed(document, place.path, value)
            yield Case(definition, document, title)

    def _strict(self, place: Place) -> Iterator[Change]:
        """What is judged by the place alone."""
        for other in OTHER_TYPES:
            if type(other) is not type(place.value):
                yield f"= {other!r}", other
        if isinstance(place.value, dict):
            yield from self._maps(place)
        elif isinstance(place.value, list):
            yield from _list_lengths(place)
        elif isinstance(place.value, str):
            yield from self._texts(place)
        elif not isinstance(place.value, bool):
            yield from _numbers(place)

    def _texts(self, place: Place) -> Iterator[Change]:
        schema = place.schema
        for choice in schema.get("enum", []):
            if isinstance(choice, str):
                yield f"= {choice.lower()!r}", choice.lower()
                yield f"= {choice + 'X'!r}", choice + "X"
        for length in _around(schema, "minLength", "maxLength"):
            if length <= LONGEST:
                yield f"{length} characters", _stretched(place.value, length, schema.get("pattern", ""))
                yield f"{length} of two bytes each", "é" * length
        for text in self._chosen(place):
            # The neighbours are part of the name: what `value` may be depends on `type`.
            yield f"= {text[:40]!r} ({len(text)}) {_rules_about(place)[1]}".rstrip(), text

    def _maps(self, place: Place) -> Iterator[Change]:
        schema = place.schema
        yield "emptied", {}
        if "properties" in schema:
            yield "with an unknown field", {**place.value, "unknownField": 1}
        if not isinstance(schema.get("additionalProperties"), dict):
            return
        for count in _around(schema, "minProperties", "maxProperties"):
            yield f"of {count} entries", {f"k{index}": "v" for index in range(count)}
        for key in self._chosen(place):
            yield f"with the key {key[:40]!r} ({len(key)})", {**place.value, key: "v"}

    def _chosen(self, place: Place) -> list[str]:
        rules, choosers = _rules_about(place)
        schema = place.schema
        name = place.pattern if place.path[0] == "metadata" else place.pattern.split(".")[-1]
        rule = ("" if "pattern" in schema else name, schema.get("pattern"), *rules, choosers)
        if (place.pattern, rule) in self._tried_here:
            return []
        self._tried_here.add((place.pattern, rule))
        if rule not in self._tried and "enum" not in schema:
            self._tried.add(rule)
            return TEXTS
        return self._dice.sample(TEXTS, FEW)


def _rules_about(place: Place) -> tuple[list[str], str]:
    """CEL rules of the place, and of its owner if they name it; those go by what else the owner says."""
    rules, owner = _rules(place), place.owner
    if owner is None:
        return rules, ""
    if isinstance(owner.value, list):
        return rules + _rules(owner), ""
    named = re.compile(rf"(?<!has\()self\.{re.escape(place.path[-1])}\b")
    around = [rule for rule in _rules(owner) if named.search(rule)]
    others = {key: value for key, value in owner.value.items() if key != place.path[-1]}
    return rules + around, chosen(others) if around else ""


def _rules(place: Place) -> list[str]:
    return [rule["rule"] for rule in place.schema.get("x-kubernetes-validations", [])]


def _mild(place: Place, examples: Examples) -> Iterator[Change]:
    """What neighbours may forbid, and nothing else does."""
    if len(place.path) > 1:
        yield "removed", REMOVED
    for choice in place.schema.get("enum", []):
        if choice != place.value:
            yield f"= {choice!r}", choice
    yield from examples.additions(place)
    if isinstance(place.value, list):
        yield from _lists(place)


def _swaps(place: Place, examples: Examples) -> Iterator[Change]:
    for value in examples.of(place.pattern):
        if value != place.value:
            yield f"= {short(value)}", value


def _numbers(place: Place) -> Iterator[Change]:
    for number in [*_around(place.schema, "minimum", "maximum"), *NUMBERS]:
        yield f"= {number!r}", number


def _lists(place: Place) -> Iterator[Change]:
    yield "turned round", place.value[::-1]
    for index, item in enumerate(place.value):
        yield f"only {index}", [item]
        yield f"with {index} twice", [*place.value, item]


def _list_lengths(place: Place) -> Iterator[Change]:
    yield "emptied", []
    yield "with a null", [*place.value, None]
    if not place.value:
        return
    smallest = min(place.value, key=lambda item: len(str(item)))
    keys = place.schema.get("x-kubernetes-list-map-keys", [])
    for count in _around(place.schema, "minItems", "maxItems"):
        yield f"of {count}", [_varied(smallest, index, keys) for index in range(count)]


def _around(schema: dict, low: str, high: str) -> list[int]:
    """The limits, and what is just beyond."""
    numbers = []
    if low in schema:
        numbers.append(schema[low])
        if schema[low] > 0 or low == "minimum":
            numbers.append(schema[low] - 1)
    if high in schema:
        numbers += [schema[high], schema[high] + 1]
    return numbers


def _stretched(text: str, length: int, pattern: str) -> str:
    """A text of that length like the given one, which the pattern takes if possible."""
    grown = [text + "a" * (length - len(text)), "/" + "a" * (length - 1), "https://" + "a" * (length - 8)]
    grown += ["a" * length, "a/" + "a" * (length - 2)]
    for each in grown:
        if len(each) == length and re.search(pattern, each):
            return each
    return "a" * length


def _varied(item: Any, index: int, keys: list[str]) -> Any:
    """A copy that is unlike its neighbours where lists ask for that."""
    if isinstance(item, str):
        return f"{item}{index}"
    if isinstance(item, int):
        return item + index
    item = copy.deepcopy(item)
    for key in {*keys, *({"name"} & item.keys())}:
        item[key] = _varied(item[key], index, [])
    return item
