"""The tracker's tables: `cases` loads and stores aggregates, `reading` answers questions."""
