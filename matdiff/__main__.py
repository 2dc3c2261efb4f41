"""`python -m matdiff` is the command `matdiff`."""

from __future__ import annotations

import gc
import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command; returns the exit status.  It can be interrupted while its modules are loaded too."""
    try:
        # Modules are no garbage, and looking for some in them while they are loaded takes a tenth of the time of a short job.
        gc.disable()
        try:
            from matdiff.command import cli

            gc.freeze()
        finally:
            gc.enable()
        return cli.main()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
