"""Photos and recordings that people bring: on a USB stick, or in a folder of the appliance."""
