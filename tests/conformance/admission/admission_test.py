#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever an API server refuses `gatehouse validate` refuses, and nothing else: valid objects of every kind and each
constraint broken in turn. Runs inside the conformance rig: rig up --replicas 0 -- python3 admission_test.py."""

import argparse
import glob
import os
import random
import sys
import time

import yaml

import schema
from breaks import Breaker, Case
from verdicts import ApiServer, judge_with_gatehouse

HERE = os.path.dirname(os.path.abspath(__file__))


def load_objects():
    documents = []
    for path in sorted(glob.glob(os.path.join(HERE, "objects", "*.yaml"))):
        with open(path, encoding="utf-8") as file:
            documents += yaml.safe_load(file)
    return documents


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gatehouse", default="build/release/gatehouse")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=0)
    arguments = parser.parse_args()
    server = ApiServer(os.environ["KUBECONFIG"])
    definitions = list(schema.definitions_of(server.definitions()))
    objects = load_objects()
    cases = []
    breaker = Breaker(arguments.seed)
    for definition in definitions:
        mine = [o for o in objects if o["kind"] == definition.kind and o["apiVersion"].startswith(definition.group + "/")]
        mine = [{**o, "apiVersion": definition.api_version} for o in mine]
        if not mine: print("no objects of", definition.title); continue
        covered = {p.pattern for o in mine for p in schema.spec_places(definition, o)}
        print(definition.title, "uncovered:", sorted(schema.spec_patterns(definition) - covered))
        cases += [Case(definition, o, o["metadata"]["name"], True) for o in mine]
        storage = next(d for d in definitions if d.kind == definition.kind and d.is_storage)
        if definition.is_storage or not definition.same_rules(storage):
            cases += breaker.cases(definition, mine)
    if arguments.sample:
        valid=[c for c in cases if c.is_valid]; rest=[c for c in cases if not c.is_valid]
        cases = valid + random.Random(arguments.seed).sample(rest, arguments.sample)
    for i, case in enumerate(cases):
        case.document["metadata"] = {**case.document["metadata"], "name": f"c{i}"}
    print(len(cases), "cases")
    t = time.time()
    ours = judge_with_gatehouse(arguments.gatehouse, cases)
    print("validate", time.time() - t); t = time.time()
    theirs = server.judge(cases)
    print("server", time.time() - t)
    hit = {}
    import re, json
    out = []
    for case, o, s in zip(cases, ours, theirs):
        if case.is_valid and (o.refused or s.refused): print("NOT VALID", case.title, s.reasons, o.reasons)
        for f, m in s.reasons:
            f = re.sub(r"\[\d+\]", "[]", f)
            hit.setdefault(case.definition.title, set()).add((f, m))
        if o.refused != s.refused:
            out.append(dict(title=case.title, server=s.reasons, ours=o.reasons, document=case.document))
    json.dump(out, open("/tmp/w/parity/mismatch.json", "w"), indent=1)
    print("mismatches", len(out), "refused", sum(s.refused for s in theirs))
    json.dump({k: sorted(v) for k, v in hit.items()}, open("/tmp/w/parity/hit.json", "w"), indent=1)
    for d in definitions:
        if d.title not in hit: continue
        text = "\n".join(m for f, m in hit[d.title])
        for p, m in sorted(schema.spec_rules(d)):
            if not any(f == p and m in x for f, x in hit[d.title]): print("RULE NOT HIT", d.title, p, m)


sys.exit(main())
