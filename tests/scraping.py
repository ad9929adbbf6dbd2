"""Metrics of a service, parsed with the Prometheus client's parser."""

from prometheus_client.parser import text_string_to_metric_families

Figures = dict[str, dict[tuple[str, ...], float]]
"""Sample name -> label values, in order of the label names -> value."""


def read_figures(told: bytes) -> Figures:
    figures: Figures = {}
    for family in text_string_to_metric_families(told.decode()):
        for sample in family.samples:
            if sample.name.endswith("_created"):
                continue  # time at which a counter was created; tests do not need it
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            figures.setdefault(sample.name, {})[labels] = sample.value
    return figures


def happened(figures: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """Return the figures other than 0."""
    return {labels: value for labels, value in figures.items() if value}
