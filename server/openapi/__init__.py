"""The contract of the API: an OpenAPI 3.1 document built from routes, shapes and handler descriptions."""
