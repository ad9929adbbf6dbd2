"""The metrics that a PromQL query uses."""

import re

LABELS = re.compile(r"\{[^}]*\}")
RANGE = re.compile(r"\[[^\]]*\]")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
NAME = re.compile(r"(?<![\w.])[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\()\b")
OPERATORS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


def metrics_in(query: str) -> set[str]:
    """Return the names that are not functions, operators or labels."""
    for part in (LABELS, RANGE, GROUPING):
        query = part.sub(" ", query)
    functions = set(re.findall(r"([a-zA-Z_]\w*)\s*\(", query))
    aggregated = re.findall(r"\b(sum|min|max|avg|count|topk|bottomk|quantile)\b", query)
    return (
        {name for name in NAME.findall(query) if name.lower() not in OPERATORS} - functions - set(aggregated)
    )
