"""One button, one lamp, no screen: press, speak, and the video is played or left in a folder."""
