# SPDX-License-Identifier: Apache-2.0
"""Breaks each constraint of a schema in turn, at every kind of place that valid objects have."""

import copy
import random
import re
from dataclasses import dataclass

from schema import Definition, Place, spec_places

REMOVED = object()
FEW = 6  # texts of TEXTS for a place whose rule was tried with all of them elsewhere

TEXTS = [
    "", " ", "a", "A", "0", "-", "-a", "a-", "a-b", ".", ".a", "a.", "a..b", "a.b", "a.-b", "a-.b", "A.b",
    "*", "*.", "*.a", "*.*.a", "a.*", "a*", "**.a", "*.-a", "*a.b", "a b", " a", "a ", "a  b", "a\tb", "a\n",
    "\n", "a\nb", "a\r\nb", "a\u0000b", "a_b", "_a", "a_", "a/b", "/a", "/", "a/", "a/b/c", "//", "/a//b",
    "/.", "/./a", "/..", "/../a", "/a/.", "/a/..", "/..a", "/a./b", "/%2f", "/a%2Fb", "/a%", "/%zz", "/a%20b",
    "/a#b", "/a?b", "é", "/é", "a.é", "日本", "a:b", "a,b", "a;b", "a=b", "a|b", 'a"b', "a\\b", "$a", "a$", "!",
    "~", "192.0.2.1", "192.0.2.256", "010.0.0.1", "1.2.3", "::1", "2001:db8::1%eth0", "::ffff:1.2.3.4", "[::1]",
    "0s", "1ms", "999ms", "1s", "10s", "1h", "1h1ms", "3601s", "24h", "25h", "1h30m", "1.5s", "1d", "-1s", "s1",
    "100000s", "99999h", "1s1s1s1s", "1s1s1s1s1s", "http://a", "https://*.a:80", "http://a:123456", "http://",
    "http://*", "http://a/", "http://a_b", "ftp://a", "HTTP://a", "null", "HTTP", "TCP", "Service", "XBackend",
    "Hostname", "IPAddress", "NamedAddress", "HostnameX", "example.org/a", "example.org/", "k8s.io/a",
    "a.k8s.io/b", "xk8s.io/a", "Example.org/a", "-a/b", "a/é", "Cluster", "System", "system", "spiffe://a",
    "urn:a:b", "a://", "://a", "a.cluster.local", ".com.A", "com..A", "1a", "a1", "200", "099", "200-299",
    "299-200", "600", "20", "x" * 63, "x" * 64, "x" * 253, "x" * 254, "a/" + "b" * 63, "a/" + "b" * 64,
    "a" * 253 + "/b", "a" * 252 + "/b",
]
NUMBERS = [0, -1, 1, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 1.5, 80.0, 1e3, -0.0]
OTHER_TYPES = ["text", "7", 7, 1.5, True, False, ["text"], [], {"a": "b"}, {}, None]


@dataclass(frozen=True)
class Case:
    """One object to judge."""

    definition: Definition
    document: dict
    what: str
    is_valid: bool = False  # known to be: whoever refuses it is wrong

    @property
    def title(self):
        return f"{self.definition.title}: {self.what}"


def changed(document, path, value):
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
        owner[path[-1]] = value
    else:
        del owner[path[-1]]
    return document


class Breaker:
    """Remembers what was tried, so that each rule is tried with everything once and elsewhere with a few."""

    def __init__(self, seed):
        self._dice = random.Random(seed)
        self._tried = set()

    def cases(self, definition, documents):
        seen = set()
        for document in documents:
            for place in spec_places(definition, document):
                for what, value in self._values(place):
                    # Whether something may be left out depends on its neighbours: that is tried everywhere.
                    key = (place.pattern, what)
                    if key in seen and value is not REMOVED:
                        continue
                    seen.add(key)
                    title = f"{document['metadata']['name']} {place.pattern} {what}"
                    yield Case(definition, changed(document, place.path, value), title)

    def _values(self, place: Place):
        if len(place.path) > 1:
            yield "removed", REMOVED
        for other in OTHER_TYPES:
            if type(other) is not type(place.value):
                yield f"= {other!r}", other
        if isinstance(place.value, dict):
            yield from self._maps(place)
        elif isinstance(place.value, list):
            yield from _lists(place)
        elif isinstance(place.value, str):
            yield from self._texts(place)
        elif not isinstance(place.value, bool):
            yield from _numbers(place)

    def _texts(self, place):
        schema = place.schema
        for choice in schema.get("enum", []):
            if isinstance(choice, str):
                yield f"= {choice!r}", choice
                yield f"= {choice.lower()!r}", choice.lower()
                yield f"= {choice + 'X'!r}", choice + "X"
        for length in _lengths(schema):
            yield f"{length} characters", _stretched(place.value, length, schema.get("pattern", ""))
            yield f"{length} of two bytes each", "é" * length
        for text in self._chosen(place, TEXTS):
            yield f"= {text[:40]!r} ({len(text)})", text

    def _maps(self, place):
        schema = place.schema
        yield "emptied", {}
        inner = schema.get("additionalProperties")
        if not isinstance(inner, dict):
            return
        for count in _around(schema, "minProperties", "maxProperties"):
            yield f"of {count} entries", {f"k{i}": "v" for i in range(count)}
        for key in self._chosen(place, TEXTS):
            yield f"with the key {key[:40]!r} ({len(key)})", {**place.value, key: "v"}

    def _chosen(self, place, values):
        schema = place.schema
        rules = [rule["rule"] for rule in schema.get("x-kubernetes-validations", [])]
        rule = (place.pattern.split(".")[-1], schema.get("pattern"), str(schema.get("enum")), *rules)
        if rule not in self._tried:
            self._tried.add(rule)
            return values
        return self._dice.sample(values, FEW)


def _numbers(place):
    for choice in place.schema.get("enum", []):
        yield f"= {choice}", choice
    for number in [*_around(place.schema, "minimum", "maximum"), *NUMBERS]:
        yield f"= {number!r}", number


def _lists(place):
    yield "emptied", []
    yield "with a null", [*place.value, None]
    if not place.value:
        return
    for index in (0, len(place.value) - 1):
        yield f"with {index} twice", [*place.value, place.value[index]]
    yield "turned round", place.value[::-1]
    for index in range(len(place.value)):
        yield f"only {index}", [place.value[index]]
    smallest = min(place.value, key=lambda item: len(str(item)))
    for count in _around(place.schema, "minItems", "maxItems"):
        keys = place.schema.get("x-kubernetes-list-map-keys", [])
        yield f"of {count}", [_varied(smallest, index, keys) for index in range(count)]


def _around(schema, low, high):
    """The limits, and what is just beyond."""
    numbers = []
    if schema.get(low, 0) > 0:
        numbers += [schema[low] - 1, schema[low]]
    elif low in schema:
        numbers += [schema[low] - 1, schema[low]] if low == "minimum" else [schema[low]]
    if high in schema:
        numbers += [schema[high], schema[high] + 1]
    return numbers


def _lengths(schema):
    return [length for length in _around(schema, "minLength", "maxLength") if length <= 40000]


def _stretched(text, length, pattern):
    """A text of that length like the given one, which the pattern takes if possible."""
    grown = [text + "a" * (length - len(text)), "/" + "a" * (length - 1), "https://" + "a" * (length - 8)]
    grown += ["a" * length, "a/" + "a" * (length - 2)]
    for each in grown:
        if len(each) == length and re.search(pattern, each):
            return each
    return "a" * length


def _varied(item, index, keys):
    """A copy that is unlike its neighbours where lists ask for that."""
    if isinstance(item, str):
        return f"{item}{index}"
    if isinstance(item, int):
        return item + index
    item = copy.deepcopy(item)
    for key in {*keys, *({"name"} & item.keys())}:
        item[key] = _varied(item[key], index, [])
    return item
