"""The touchscreen: PyQt5 widgets, painted by the processor."""
