"""``python -m tracked.cli``."""

from . import main

main()
