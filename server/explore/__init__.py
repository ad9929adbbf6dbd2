"""A page that shows the search at work; it asks the API as any frontend would."""
