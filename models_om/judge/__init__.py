"""Figures of the built networks on what training never saw."""
