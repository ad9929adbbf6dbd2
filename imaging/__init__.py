"""Pictures of strangers, decoded and drawn anew in processes that may die."""
