"""Reads a visitor's words, such as `3bhk flat sector 62 80 lakh se 1 cr`, as filters of a search.

tokens.py: words and numbers with their positions. typos.py: correction of typing errors. words.toml,
phrases.py: the vocabulary. choices.py, directions.py, wishes.py: words that select a filter value, and words
that no filter covers. bedrooms.py, areas.py, amounts.py, measures.py, quantities.py, places.py: everything
with numbers. filters.py: combines readings. reader.py: the whole process. rendering.py: filters back to
words.
"""
