"""Measurements of speed, memory and quality; ``appliance bench NAME`` runs the module's ``command``."""
