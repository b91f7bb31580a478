"""The engine as a service: its sockets and signals, what it tells the service manager and the journal."""
