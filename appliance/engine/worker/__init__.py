"""The process that makes the videos, what it may use, and how the engine speaks with it and watches over it."""
