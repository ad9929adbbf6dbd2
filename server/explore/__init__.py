"""A demo page for the search; it calls the API like any frontend."""
