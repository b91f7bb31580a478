"""Two recordings for a first try; see `README.md` beside them."""
