"""The director: what the flow asks for, done with capture and the engine's client."""
