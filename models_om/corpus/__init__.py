"""The corpus: synthetic speech with phoneme times, the viseme rules, and recordings made into training pairs."""
