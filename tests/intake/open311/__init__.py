"""Open311 on the tiny policy: callers' forms, and the standard's own examples."""
