"""What a service tells Prometheus, read as Prometheus reads it."""

from prometheus_client.parser import text_string_to_metric_families

Figures = dict[str, dict[tuple[str, ...], float]]
"""By the sample's name, then by the values of its labels in the order of their names."""


def read_figures(told: bytes) -> Figures:
    figures: Figures = {}
    for family in text_string_to_metric_families(told.decode()):
        for sample in family.samples:
            if sample.name.endswith("_created"):
                continue  # when a counter began, which nobody asks for
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            figures.setdefault(sample.name, {})[labels] = sample.value
    return figures


def happened(figures: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """Without what is 0."""
    return {labels: value for labels, value in figures.items() if value}
