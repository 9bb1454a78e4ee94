"""The three algorithms exactly as derived: NumPy only, a page each, every equation on its own line."""
