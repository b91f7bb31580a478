"""``appliance serve``: the service that takes jobs."""

from __future__ import annotations

import click

from .output import Output, output_options


@click.command()
@click.option("--new-token", is_flag=True, help="make a new access token for the network, print it once, and end")
@output_options
@click.pass_obj
def serve(output: Output, new_token: bool) -> None:
    """Run the engine: it takes jobs over a Unix socket and makes their videos, one after another.

    What it may do is in the settings file, /etc/sonic-appliance/settings.toml or the one $SONIC_SETTINGS names. It
    speaks to this machine alone, unless [listen] in the settings names an address; then whoever comes over the network
    needs the token. The connection is not encrypted: open it in a network that you trust.
    """
    from ..settings_file import load_settings

    settings = load_settings()
    if new_token:
        from ..engine.api import auth

        token = auth.new_token()
        auth.write_token(settings.listen.token_file, token)
        if output.json:
            output.event("token", token=token)
        else:
            click.echo(token)
        return

    from ..engine.service.serve import serve as run

    run(settings)
