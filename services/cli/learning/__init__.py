"""`whistle train`: a model that suggests offices, from a city's own settled orders."""
