"""`python -m matdiff` is the command `matdiff`."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command; returns the exit status.  It can be interrupted while its modules are loaded too."""
    try:
        from matdiff.command import cli

        return cli.main()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
