"""Pictures of properties: taken in, in an order, one of them first."""
