"""The store: what a desk knows, on SQLite or PostgreSQL. Imports the core's data only."""
