"""The voice: a device that gives sound, and a recorder that makes a WAV file of it."""
