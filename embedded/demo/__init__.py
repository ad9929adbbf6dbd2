"""Demo listings of a Noida that could be: drawn, not copied, and the same for everyone with the same seed."""

from embedded.demo.homes import homes
from embedded.demo.load import load_demo

__all__ = ["homes", "load_demo"]
