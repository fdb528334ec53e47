"""`python -m salessim` is `salessim`."""

from salessim.cli.main import main

main()
