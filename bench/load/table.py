# SPDX-License-Identifier: Apache-2.0
"""The paths of a table of rules: rule N stands for the prefix /rN."""


def rule_prefix(number: int) -> str:
    return f"/r{number:04d}"


def request_path(rules: int) -> str:
    """A path that every proxy must look up: in the middle of a long table."""
    return "/get" if rules == 1 else f"{rule_prefix(rules // 2 + rules // 5)}/get"
