# SPDX-License-Identifier: Apache-2.0
"""Where Gatehouse and an API server differ on purpose."""

from __future__ import annotations

from verdicts import Verdict

# Kinds that Gatehouse passes over, whatever they say.
NOT_READ = {
    "XMesh": "says which mesh there is; Gatehouse is none",
    "XTelemetryPolicy": "is not served; telemetry is a setting",
}

# What an API server says that Gatehouse need not say, and why.
MESSAGES = {
    # It accepts 80.0 too, where no CEL rule reads it.
    "invalid data, expected int, got float64": "kubectl sends 80 for 80.0, which is accepted",
}


def reason_of_difference(ours: Verdict, theirs: Verdict) -> str:
    """Why an API server may refuse what Gatehouse accepts; empty when it may not."""
    for message, reason in MESSAGES.items():
        if not ours.refused and all(message in text for _, text in theirs.reasons):
            return reason
    return ""
