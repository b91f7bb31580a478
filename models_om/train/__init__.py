"""Training of the Sonic networks."""
