"""Configuration: TOML files to models, with every problem named by file and line, all at once."""
