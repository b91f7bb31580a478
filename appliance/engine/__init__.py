"""The service that owns the networks: takes jobs over a Unix socket and makes their videos, whatever happens to it."""
