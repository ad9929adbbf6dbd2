"""The entry of `python -m embedded`."""

from embedded.cli import app

app(prog_name="python -m embedded")
