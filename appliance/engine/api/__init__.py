"""HTTP/JSON over the engine's socket: what each endpoint takes and gives is in ``/openapi.json``."""
