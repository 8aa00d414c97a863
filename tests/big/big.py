#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Much of everything: bodies, connections, slow clients. The defaults are the full sizes, for the release build."""
import argparse
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "process"))
sys.dont_write_bytecode = True

import crowds  # noqa: E402
import servers  # noqa: E402
import transfers  # noqa: E402
import uploads  # noqa: E402

MIB = 1 << 20
SCENARIOS = {
    "uploads": lambda folder, args: uploads.uploads_to_a_paused_backend(
        folder, args.uploads, args.announced_mib * MIB, args.hold, args.memory_mib * MIB),
    "transfers": lambda folder, args: transfers.transfers_arrive_whole(
        folder, args.transfer_mib * MIB, args.memory_mib * MIB),
    "kept": lambda folder, args: crowds.kept_connections_all_answer(folder, args.kept, args.rounds),
    "slow": lambda folder, args: crowds.slow_heads_hurt_nobody_else(folder, args.slow, args.header_timeout),
    "churn": lambda folder, args: crowds.churn_leaves_nothing_behind(folder, args.churn, args.growth_mib * MIB),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--only", default=",".join(SCENARIOS), help="comma-separated scenarios")
    parser.add_argument("--uploads", type=int, default=1000, help="connections that upload at once")
    parser.add_argument("--announced-mib", type=int, default=1024, help="Content-Length of each")
    parser.add_argument("--hold", type=float, default=10, help="seconds the backend pauses")
    parser.add_argument("--memory-mib", type=int, default=200, help="what the gateway may take at most")
    parser.add_argument("--transfer-mib", type=int, default=5120, help="one upload, one download")
    parser.add_argument("--kept", type=int, default=2500, help="keep-alive connections")
    parser.add_argument("--rounds", type=int, default=5, help="requests on each of them")
    parser.add_argument("--slow", type=int, default=1000, help="clients that send one byte a second")
    parser.add_argument("--header-timeout", type=int, default=10, help="seconds they get")
    parser.add_argument("--churn", type=int, default=20_000, help="connections of one request")
    parser.add_argument("--growth-mib", type=int, default=8, help="what the churn may leave in memory")
    args = parser.parse_args()
    servers.allow_many_files()
    failed = 0
    for name in args.only.split(","):
        print(f"== {name}", flush=True)
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="gatehouse-big-") as folder:
            try:
                SCENARIOS[name](pathlib.Path(folder), args)
                print(f"  good after {time.monotonic() - begin:.1f} s", flush=True)
            except* (servers.Failed, OSError, EOFError, TimeoutError) as failures:
                failed += 1
                for failure in failures.exceptions:
                    print(f"FAILED: {name}: {failure!r}", file=sys.stderr)
                for log in sorted(pathlib.Path(folder).glob("run-*.err")):
                    print("\n".join(log.read_text(errors="replace").splitlines()[-15:]), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
