"""What a visitor's words ask for: `3bhk flat sector 62 80 lakh se 1 cr` as the filters of a search.

tokens.py: words and numbers, and where they stand. typos.py: words that are nearly another.
words.toml, phrases.py: the words of visitors. choices.py, directions.py, wishes.py: those that mean a choice,
and those that nothing can be filtered by.
bedrooms.py, areas.py, amounts.py, measures.py, quantities.py, places.py: what is said with numbers.
filters.py: readings put together. reader.py: the whole. rendering.py: filters in words that read the same.
"""
