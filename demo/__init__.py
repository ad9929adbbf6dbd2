"""Demo listings of an invented Noida: generated, not copied, and reproducible by seed."""

from demo.homes import homes
from demo.load import load_demo

__all__ = ["homes", "load_demo"]
