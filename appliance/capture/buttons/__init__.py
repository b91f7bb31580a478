"""Push buttons and lamps at the pins of the board, through gpiozero."""
