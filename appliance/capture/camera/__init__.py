"""The face: a device that gives pictures, a viewfinder that says how to stand, and the best of a burst."""
