"""Programs for those who work on Whistle; `make` runs them, and nothing imports them."""
