"""`python -m matdiff` is the command `matdiff`."""

import sys

from matdiff.cli import main

sys.exit(main())
