"""A stand-in for the AI service, so that pictures can be enhanced on one machine without external services.

It follows the same contract (docs/api.md), but uses libvips instead of a model. To see how CasaBricks handles
failures of the AI service, configure them with `PUT /behaviour`.
"""
