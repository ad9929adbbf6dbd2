"""Pictures for the demo listings, drawn here: no photograph, no borrowed art."""

from embedded.pictures.drawing import Picture, draw_pictures

__all__ = ["Picture", "draw_pictures"]
