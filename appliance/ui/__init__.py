"""The front ends: kiosk, classroom, headless. One flow, one director; the engine is spoken to by its client alone."""
