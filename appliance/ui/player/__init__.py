"""Sound and moving pictures: the loudspeaker, and the player of videos that may still be growing. No Qt."""
