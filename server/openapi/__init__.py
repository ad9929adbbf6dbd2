"""The contract of the API: an OpenAPI 3.1 document made of routes, shapes and what handlers say."""
