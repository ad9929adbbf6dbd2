"""Pictures of properties: intake, order, and the primary picture."""
