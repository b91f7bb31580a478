"""What runs in the process of its own that a real microphone gets: see `appliance.capture.microphone.process`.

Nothing here imports NumPy, so that the process is there at once.
"""
