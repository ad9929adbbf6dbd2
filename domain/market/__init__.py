"""A price against its market: comparables, figures, label. One method, with two runs.

figures.py: what a set of asking prices says. ladder.py: which listings are compared, the nearest first.
labels.py: what a difference to the median is called. comparison.py: the three together, for one listing.
survey.py: the same for all listings at once, by way of stretches.py.
"""
