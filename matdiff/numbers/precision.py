"""`mp`: numbers of many digits, by a context of mpmath that belongs to matdiff and to one thread.

mpmath's own `mp` is one object for the whole process: its precision would be shared by all threads, and be changed for whoever
uses mpmath beside matdiff.  Importing this module loads mpmath.
"""

from __future__ import annotations

from threading import local

from mpmath import MPContext
from mpmath.libmp import e_fixed, ln2_fixed, ln10_fixed, pi_fixed

__all__ = ["mp"]


class _OwnContext(local, MPContext):  # type: ignore[misc]
    """One context for each thread: the attributes of a `threading.local`, the precision among them, are those of the thread."""

    def __init__(self) -> None:
        MPContext.__init__(self)


mp = _OwnContext()

# mpmath keeps the constants that its functions need for all threads, and replaces them, in two steps, when somebody needs more
# digits.  With more than anybody needs they are never replaced.
for _constant in (pi_fixed, ln2_fixed, ln10_fixed, e_fixed):
    _constant(4000)
