"""A stand-in for the AI service, so that pictures are enhanced on one machine with nothing outside.

It keeps to the same contract (docs/api.md) and does the work itself, with libvips instead of a model.
Whoever tries out what happens when the AI service misbehaves tells it how: `PUT /behaviour`.
"""
