#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever an API server refuses `gatehouse validate` refuses, and nothing else: valid objects of every kind,
each constraint broken in turn, and combinations by chance. Runs inside the conformance rig: `make admission`.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import random
import sys
import time
from collections.abc import Iterable

import yaml

import schema
from breaks import Breaker, Case
from differences import NOT_READ, reason_of_difference
from rules import RuleCoverage
from verdicts import ApiServer, Verdict, judge_with_gatehouse

HERE = os.path.dirname(os.path.abspath(__file__))
COMBINATIONS = 200  # of each served version; --combinations sets it
MISMATCHES = "build/conformance/admission/mismatches.yaml"  # --keep sets it


def main() -> int:
    options = parse_options()
    server = ApiServer(os.environ["KUBECONFIG"])
    definitions = list(schema.definitions_of(server.definitions()))
    untested = missing_fields(definitions)
    cases = all_cases(definitions, options)
    started = time.monotonic()
    ours = judge_with_gatehouse(options.gatehouse, cases)
    between = time.monotonic()
    theirs = server.judge(cases)
    print(f"gatehouse took {between - started:.0f} s, the API server {time.monotonic() - between:.0f} s")

    if not options.sample:
        untested += missing_rules(definitions, zip(cases, theirs))
    judged = list(zip(cases, ours, theirs))
    mismatches = [each for each in judged if is_mismatch(*each)]
    on_purpose = [each for each in judged if is_deliberate(*each)]
    keep(options.keep, mismatches)
    for failure in [*untested, *(describe(*each) for each in mismatches)]:
        print(failure)
    both = sum(our.refused and their.refused for _, our, their in judged)
    print(
        f"{len(cases):,} objects: {both:,} refused by both, {len(on_purpose)} differ on purpose, "
        f"{len(untested)} rules or fields not tested, {len(mismatches)} mismatches"
    )
    return 1 if untested or mismatches else 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--gatehouse", default="build/release/gatehouse", help="the program to compare")
    add("--seed", type=int, default=1, help="of everything that chance decides")
    add("--combinations", type=int, default=COMBINATIONS, help="random objects of each version")
    add("--sample", type=int, default=0, help="judge so many of the changed objects only")
    add("--keep", default=MISMATCHES, help="a file for the objects of mismatches")
    return parser.parse_args()


def load_objects() -> list[dict]:
    documents = []
    for path in sorted(glob.glob(os.path.join(HERE, "objects", "*.yaml"))):
        with open(path, encoding="utf-8") as file:
            documents += yaml.safe_load(file)
    return documents


def objects_of(definition: schema.Definition, documents: list[dict]) -> list[dict]:
    """Valid objects of a kind, in that version."""
    return [
        {**document, "apiVersion": definition.api_version}
        for document in documents
        if document["kind"] == definition.kind and document["apiVersion"].startswith(definition.group + "/")
    ]


def missing_fields(definitions: list[schema.Definition]) -> list[str]:
    """Fields that no valid object has: their constraints would not be tested."""
    documents = load_objects()
    lines = []
    for definition in definitions:
        covered = set()
        for document in objects_of(definition, documents):
            covered |= {place.pattern for place in schema.spec_places(definition, document)}
        wanted = {"spec"} if definition.kind in NOT_READ else schema.spec_patterns(definition)
        missing = sorted(wanted - covered)
        lines += [f"FIELD {definition.title} {pattern} is in no object" for pattern in missing]
    return lines


def has_own_rules(definition: schema.Definition, definitions: list[schema.Definition]) -> bool:
    """Whether there is no other version that says the same, or this is the one that is stored."""
    storage = next(each for each in definitions if each.kind == definition.kind and each.is_storage)
    return definition.is_storage or not definition.same_rules(storage)


def all_cases(definitions: list[schema.Definition], options: argparse.Namespace) -> list[Case]:
    documents = load_objects()
    breaker = Breaker(options.seed)
    valid, others = [], []
    for definition in definitions:
        mine = objects_of(definition, documents)
        valid += [Case(definition, each, each["metadata"]["name"], is_valid=True) for each in mine]
        if definition.kind in NOT_READ:
            continue
        if has_own_rules(definition, definitions):
            others += breaker.broken(definition, mine)
        others += breaker.combined(definition, mine, options.combinations)
    if options.sample:
        others = random.Random(options.seed).sample(others, min(options.sample, len(others)))
    cases = valid + others
    give_names(cases, {each["metadata"]["name"] for each in documents})
    return cases


def give_names(cases: list[Case], given: set[str]) -> None:
    """No name twice, but for names that are under test: `gatehouse validate` says so, and dry runs cannot."""
    for index, case in enumerate(cases):
        metadata = case.document["metadata"]
        if isinstance(metadata, dict) and str(metadata.get("name")) in given:
            case.document["metadata"] = {**metadata, "name": f"c{index}"}


def missing_rules(definitions: list[schema.Definition], judged: Iterable[tuple[Case, Verdict]]) -> list[str]:
    """CEL rules that refused none of the objects."""
    coverage = RuleCoverage()
    for case, verdict in judged:
        coverage.add(case, verdict)
    lines = []
    for definition in definitions:
        if definition.kind not in NOT_READ and has_own_rules(definition, definitions):
            lines += coverage.missing(definition)
    return lines


def is_deliberate(case: Case, ours: Verdict, theirs: Verdict) -> bool:
    return not case.is_valid and ours.refused != theirs.refused and bool(reason_of_difference(ours, theirs))


def is_mismatch(case: Case, ours: Verdict, theirs: Verdict) -> bool:
    if case.is_valid:
        return ours.refused or theirs.refused
    return ours.refused != theirs.refused and not is_deliberate(case, ours, theirs)


def describe(case: Case, ours: Verdict, theirs: Verdict) -> str:
    return f"MISMATCH {case.title} | API server: {theirs} | gatehouse: {ours}"


def keep(path: str, mismatches: list[tuple[Case, Verdict, Verdict]]) -> None:
    """Writes the objects of mismatches to a file, so that they can be tried by hand."""
    if not mismatches:
        return
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        for case, ours, theirs in mismatches:
            file.write(f"# {json.dumps(describe(case, ours, theirs), ensure_ascii=False)}\n---\n")
            file.write(json.dumps(case.document, ensure_ascii=False) + "\n")
    print(f"the objects of mismatches are in {path}")


if __name__ == "__main__":
    sys.exit(main())
