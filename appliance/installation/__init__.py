"""The appliance as part of a system: what `appliance install` writes, and how `uninstall` finds all of it again."""
