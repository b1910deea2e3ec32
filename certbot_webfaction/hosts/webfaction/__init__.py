"""WebFaction: its API, and how its panel keeps websites and apps."""
