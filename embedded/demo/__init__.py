"""Demo listings of an invented Noida: generated, not copied, and reproducible by seed."""

from embedded.demo.homes import homes
from embedded.demo.load import load_demo

__all__ = ["homes", "load_demo"]
