"""Pictures for the demo listings, drawn by this package: it uses neither photographs nor others' art."""

from demo.pictures.drawing import Picture, draw_pictures

__all__ = ["Picture", "draw_pictures"]
