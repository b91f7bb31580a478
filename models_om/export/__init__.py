"""The way from trained networks to the files a machine runs."""
