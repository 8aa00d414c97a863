# SPDX-License-Identifier: Apache-2.0
"""Medians, the verdict on a run (void or not), the goals, and the table in three forms."""
import json
import pathlib
import statistics
from dataclasses import asdict, dataclass

from processes import Cpu
from scene import PLAIN, Scene
from wrk import Load

# Ratios of CPU per request that any sane machine shows; outside of them the run measured something else.
SANE = (
    ("floor", "nginx", 0.0, 0.95),
    ("haproxy", "nginx", 0.95, 1.25),
    ("envoy", "nginx", 2.0, float("inf")),
)

# What gatehouse is to reach, by connections: CPU per request at most FACTOR times the peer's.
GOALS = {
    64: (("nginx", 0.95), ("haproxy", 0.88), ("envoy", 0.40), ("floor", 1.10)),
    512: (("nginx", 0.85), ("haproxy", 0.80)),
}
# Of a row with a large table: against ourselves with one rule, in the same rounds.
LARGE_TABLE_GOALS = (("one-rule", 1.10),)
# Of every other row: not behind nginx in any, not behind HAProxy in more than two.
OTHER_GOALS = (("nginx", 1.00), ("haproxy", 1.00))
ROWS_BEHIND_HAPROXY = 2


@dataclass(frozen=True)
class Row:
    name: str
    connections: int
    rules: int = 1
    hosts: int = 1  # more than one: a large table of gatehouse's own, see large_table.py
    scene: Scene = PLAIN
    load: str = "wrk"  # or h2load, handshakes, resumed
    unit: str = "request"  # what CPU is counted per; GiB: of answers
    path: str = ""  # "": the scene's own
    streams: int = 1  # of each connection, with h2load
    headers: tuple[str, ...] = ()

    @property
    def is_large(self) -> bool:
        return self.hosts > 1

    @property
    def is_basic(self) -> bool:
        """Small requests over kept connections of plain HTTP/1.1, where the ratios between the peers are known."""
        return self.scene == PLAIN and self.unit == "request"


@dataclass(frozen=True)
class Sample:
    """One proxy, one round."""

    user_us: float
    system_us: float
    per_second: float
    p50_us: float
    p99_us: float
    rss_bytes: int
    requests: int
    bad_answers: int

    @staticmethod
    def of(load: Load, cpu: Cpu, rss: int, unit: str = "request") -> "Sample":
        if unit == "GiB":
            share, per_second = 1e6 / max(1e-9, load.gib), load.gib_per_second
        else:
            share, per_second = 1e6 / max(1, load.requests), load.per_second
        return Sample(cpu.user * share, cpu.system * share, per_second, load.p50_us, load.p99_us, rss,
                      load.requests, load.bad_answers)


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds."""

    cpu_us: float
    user_us: float
    system_us: float
    per_second: float
    p50_us: float
    p99_us: float
    rss_bytes: float
    bad_answers: int
    spread: float  # (max - min) / median of CPU per request

    @staticmethod
    def of(samples: list[Sample]) -> "Figures":
        def median(values) -> float:
            return statistics.median(list(values))

        total = [s.user_us + s.system_us for s in samples]
        return Figures(
            cpu_us=median(total), user_us=median(s.user_us for s in samples),
            system_us=median(s.system_us for s in samples), per_second=median(s.per_second for s in samples),
            p50_us=median(s.p50_us for s in samples), p99_us=median(s.p99_us for s in samples),
            rss_bytes=median(s.rss_bytes for s in samples), bad_answers=sum(s.bad_answers for s in samples),
            spread=(max(total) - min(total)) / max(median(total), 1e-9))


Table = dict[Row, dict[str, Figures]]


def void_reasons(table: Table) -> list[str]:
    """Why the run proves nothing; empty when it is good."""
    reasons = []
    for row, figures in table.items():
        for name, f in figures.items():
            if f.bad_answers:
                reasons.append(f"{row.name}: {name} gave {f.bad_answers} answers that were not 2xx")
        for name, peer, least, most in SANE:
            if not row.is_basic or name not in figures or peer not in figures:
                continue
            ratio = figures[name].cpu_us / figures[peer].cpu_us
            if not least <= ratio <= most:
                bounds = f"at least {least:.2f}" if most == float("inf") else f"{least:.2f} to {most:.2f}"
                reasons.append(f"{row.name}: {name} is {ratio:.2f} x {peer}, expected {bounds}")
    return reasons


def _goals(row: Row) -> tuple:
    if not row.is_basic:
        return OTHER_GOALS
    return LARGE_TABLE_GOALS if row.is_large else GOALS.get(row.connections, ())


def goal_lines(table: Table) -> list[str]:
    lines = []
    compared = behind = 0  # of the other rows, with haproxy
    for row, figures in table.items():
        if "gatehouse" not in figures:
            continue
        for peer, most in _goals(row):
            if peer not in figures:
                continue
            ratio = figures["gatehouse"].cpu_us / figures[peer].cpu_us
            verdict = "met" if ratio <= most else f"MISSED by {ratio - most:.2f}"
            lines.append(f"{row.name}: gatehouse = {ratio:.2f} x {peer}, goal {most:.2f}: {verdict}")
            if peer == "haproxy" and not row.is_basic:
                compared += 1
                behind += ratio > most
    if compared:
        verdict = "met" if behind <= ROWS_BEHIND_HAPROXY else "MISSED"
        lines.append(f"behind haproxy in {behind} of {compared} other rows, at most {ROWS_BEHIND_HAPROXY}: {verdict}")
    return lines


COLUMNS = ("proxy", "CPU us/{unit}", "user", "sys", "x nginx", "{unit}/s", "p50 us", "p99 us", "RSS MiB", "spread")


def _columns(row: Row) -> tuple[str, ...]:
    unit = {"request": "req", "connection": "conn"}.get(row.unit, row.unit)
    return tuple(column.format(unit=unit) for column in COLUMNS)


def _cells(name: str, f: Figures, nginx: Figures | None) -> tuple[str, ...]:
    ratio = f"{f.cpu_us / nginx.cpu_us:.2f}" if nginx else "-"
    latencies = [f"{value:,.0f}" if value else "-" for value in (f.p50_us, f.p99_us)]
    per_second = f"{f.per_second:,.0f}" if f.per_second >= 100 else f"{f.per_second:.2f}"
    return (name, f"{f.cpu_us:,.2f}", f"{f.user_us:,.2f}", f"{f.system_us:,.2f}", ratio, per_second, *latencies,
            f"{f.rss_bytes / 2**20:.1f}", f"{f.spread:.0%}")


def terminal(table: Table) -> str:
    out = []
    for row, figures in table.items():
        out.append(f"{row.name}")
        cells = [_columns(row)] + [_cells(n, f, figures.get("nginx")) for n, f in figures.items()]
        widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
        for line in cells:
            out.append("  " + "  ".join(
                [line[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(line[1:], widths[1:])]))
    return "\n".join(out)


def markdown(table: Table, notes: list[str]) -> str:
    out = ["# Whole proxies side by side", ""]
    for row, figures in table.items():
        out += [f"## {row.name}", "", "| " + " | ".join(_columns(row)) + " |"]
        out += ["|---" + "|---:" * (len(COLUMNS) - 1) + "|"]
        out += ["| " + " | ".join(_cells(n, f, figures.get("nginx"))) + " |" for n, f in figures.items()]
        out.append("")
    return "\n".join(out + [f"- {note}" for note in notes]) + "\n"


def save(table: Table, notes: list[str], void: list[str], settings: dict, folder: pathlib.Path, stem: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(row), "proxies": {n: asdict(f) for n, f in figures.items()}} for row, figures in table.items()]
    document = {"settings": settings, "void": void, "notes": notes, "rows": rows}
    (folder / f"{stem}.json").write_text(json.dumps(document, indent=2) + "\n")
    (folder / f"{stem}.md").write_text(markdown(table, notes + [f"VOID: {reason}" for reason in void]))
