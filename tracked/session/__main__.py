"""The shipper's process."""

import sys

from .process import main

main(sys.argv[1])
