"""Decodes and re-encodes untrusted pictures in child processes that may crash."""
