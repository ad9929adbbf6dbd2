"""The comparison of a price with its market: comparables, figures, label. One method, two implementations.

figures.py: statistics of a set of asking prices. ladder.py: which listings are compared, nearest first.
labels.py: the label for a difference to the median. comparison.py: these three, for one listing. survey.py:
the same for all listings at once, using stretches.py.
"""
