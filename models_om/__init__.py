"""The Sonic networks: what they are, how they are trained, judged, quantised and built. Not imported at run time."""
