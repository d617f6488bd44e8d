"""Runs the command line as ``python -m permsync``."""

from permsync.cli import main

main()
