"""The subcommands of ``appliance``, one module each."""
