"""`python -m streamapp` is the command `streamapp`."""

from streamapp.cli import main

main()
