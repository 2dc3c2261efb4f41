"""Functions of matrices and their first and second derivatives, with many digits.

A primary function f and its Frechet derivatives come from the eigenvalues (Higham, Functions of Matrices, 2008, section 3.2):
with X = V diag(l) V^-1 and the divided differences f[a, b], f[a, b, c] of the scalar f,

    f'(X, E) = V (f[l_i, l_j] (V^-1 E V)_ij) V^-1        f''(X, E, F) = the same with two directions and f[l_i, l_k, l_j]

and where eigenvalues are (nearly) equal, from f of a block matrix (ibid., theorem 3.6; Higham and Relton 2014, theorem 3.5).
The adjugate and its derivatives are computed exactly, from minors.  Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import Any

from matdiff.numbers.matrices import (
    Matrix,
    Number,
    Undefined,
    added,
    blocks,
    checked,
    cofactors,
    determinant,
    entries_of,
    filled,
    hadamard,
    identity,
    inverse,
    multiplied,
    scalar,
    scaled,
    through_mpmath,
    transposed,
    without,
)
from matdiff.numbers.precision import mp

# Eigenvalues, eigenvectors as columns, and the inverse of these.
Spectrum = tuple[list[Number], Any, Any]  # mpmath is untyped here: its matrices
# Eigenvalues nearer than this are taken for equal.
_NEAREST = 1e-6


class Primary:
    """A primary function of matrices: `of_matrix`, and f, f' and f'' of an eigenvalue, which serve where no two are near.

    Without these `of_matrix` serves always.  `invertible`: it has no value for a singular matrix.
    """

    def __init__(
        self, of_matrix: Callable[[Matrix], Matrix], *of_number: Callable[[Number], Number], invertible: bool = False
    ) -> None:
        self.of_matrix, self.invertible = of_matrix, invertible
        self.has_spectrum = bool(of_number)
        if of_number:
            self.of_number, self.first, self.second = of_number

    def _spectrum(self, at: Matrix) -> Spectrum | None:
        if self.invertible and not determinant(at):
            raise Undefined("a singular matrix")
        return _spectrum(at) if self.has_spectrum else None

    def value(self, at: Matrix) -> Matrix:
        """f(X)."""
        spectrum = self._spectrum(at)
        if spectrum is None:
            return self.of_matrix(at)
        numbers = list(map(self.of_number, spectrum[0]))
        return _in_basis(spectrum, lambda i, j: numbers[i] if i == j else mp.mpf(0))

    def slope(self, at: Matrix, direction: Matrix) -> Matrix:
        """f'(X, E)."""
        size = len(at)
        spectrum = self._spectrum(at)
        if spectrum is None:
            whole = self.of_matrix(blocks([at, direction, filled(size, size), at], 2))
            return [row[size:] for row in whole[:size]]
        values, vectors, inverse = spectrum
        inner, first = inverse * mp.matrix(direction) * vectors, self._first_differences(values)
        return _in_basis(spectrum, lambda i, j: first[i][j] * inner[i, j])

    def bend(self, at: Matrix, one: Matrix, other: Matrix) -> Matrix:
        """f''(X, E, F)."""
        size = len(at)
        spectrum = self._spectrum(at)
        if spectrum is None:
            none = filled(size, size)
            parts = [at, one, other, none, none, at, none, other, none, none, at, one, none, none, none, at]
            return [row[3 * size :] for row in self.of_matrix(blocks(parts, 4))[:size]]
        values, vectors, inverse = spectrum
        left, right = (inverse * mp.matrix(direction) * vectors for direction in (one, other))
        first = self._first_differences(values)

        def entry(i: int, j: int) -> Number:
            middle = ((k, self._second_difference(values, first, i, k, j)) for k in range(size))
            return sum(second * (left[i, k] * right[k, j] + right[i, k] * left[k, j]) for k, second in middle)

        return _in_basis(spectrum, entry)

    def _first_differences(self, values: list[Number]) -> list[list[Number]]:
        at = [self.of_number(v) for v in values]
        size = range(len(values))
        return [[self.first(values[i]) if i == j else (at[i] - at[j]) / (values[i] - values[j]) for j in size] for i in size]

    def _second_difference(self, values: list[Number], first: list[list[Number]], i: int, j: int, k: int) -> Number:
        """f[l_i, l_j, l_k], which does not depend on the order of the three."""
        if i == j == k:
            return self.second(values[i]) / 2
        if i == k:
            j, k = k, j
        return (first[i][j] - first[j][k]) / (values[i] - values[k])


class _Spectra(local):
    """The last spectra, for each thread its own: their numbers belong to its precision."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, tuple[tuple[Number, ...], ...]], Spectrum | None] = {}


_spectra = _Spectra()


def _spectrum(value: Matrix) -> Spectrum | None:
    """Eigenvalues, eigenvectors as columns and the inverse of these, or None where eigenvalues nearly coincide."""
    key, known = (mp.prec, tuple(map(tuple, value))), _spectra.known
    if key not in known:
        if len(known) > 20:
            known.clear()
        known[key] = _computed_spectrum(value)
    return known[key]


def _computed_spectrum(value: Matrix) -> Spectrum | None:
    try:
        with mp.extradps(10):
            values, vectors = mp.eig(mp.matrix(value))
            largest = max(1, *(abs(v) for v in values))
            for i, one in enumerate(values):
                if any(abs(one - other) < _NEAREST * largest for other in values[:i]):
                    return None
            return list(values), vectors, mp.inverse(vectors)
    except (ZeroDivisionError, RuntimeError, mp.NoConvergence):
        return None


def _in_basis(spectrum: Spectrum, entry: Callable[[int, int], Number]) -> Matrix:
    """The matrix that has these entries in the basis of the eigenvectors."""
    values, vectors, inverse = spectrum
    size = range(len(values))
    inner = mp.matrix([[entry(i, j) for j in size] for i in size])
    return checked((vectors * inner * inverse).tolist())


def power_of(exponent: Number) -> Primary:
    """X^a = exp(a log X), or a product for a whole a."""
    whole = int(exponent)
    if whole == exponent:
        return Primary(lambda value: _whole_power(value, whole))
    return Primary(
        lambda value: through_mpmath(mp.expm, scaled(exponent, through_mpmath(mp.logm, value))),
        lambda x: mp.power(x, exponent),
        lambda x: exponent * mp.power(x, exponent - 1),
        lambda x: exponent * (exponent - 1) * mp.power(x, exponent - 2),
        invertible=True,
    )


def _whole_power(base: Matrix, exponent: int) -> Matrix:
    """By squaring."""
    if exponent < 0:
        base, exponent = inverse(base), -exponent
    result = identity(len(base))
    while exponent:
        if exponent % 2:
            result = multiplied(result, base)
        base, exponent = multiplied(base, base), exponent // 2
    return result


def _square_root(value: Matrix) -> Matrix:
    """Raises Undefined for a singular matrix, for which mpmath's iteration is long and does not end well."""
    try:
        values = mp.eig(mp.matrix(value), left=False, right=False)
    except (ZeroDivisionError, RuntimeError, mp.NoConvergence) as problem:
        raise Undefined(str(problem)) from None
    sizes = [abs(number) for number in values]
    if min(sizes) <= max(sizes) * mp.sqrt(mp.eps):
        raise Undefined("the square root of a singular matrix")
    return through_mpmath(mp.sqrtm, value)


PRIMARY = {
    "expm": Primary(lambda value: through_mpmath(mp.expm, value), mp.exp, mp.exp, mp.exp),
    "logm": Primary(lambda value: through_mpmath(mp.logm, value), mp.log, lambda x: 1 / x, lambda x: -1 / x**2, invertible=True),
    "sqrtm": Primary(
        _square_root,
        mp.sqrt,
        lambda x: 1 / (2 * mp.sqrt(x)),
        lambda x: -1 / (4 * mp.sqrt(x) ** 3),
        invertible=True,
    ),
}


# The adjugate


def adjugate(value: Matrix) -> Matrix:
    """Cofactors, transposed: defined for singular matrices too."""
    return cofactors(value, lambda minor, i, j: determinant(minor))


def adjugate_slope(value: Matrix, direction: Matrix) -> Matrix:
    """Its derivative, exactly: d det(M) = adj(M)^T : dM for every minor M."""
    return cofactors(value, lambda minor, i, j: _contracted(adjugate(minor), without(direction, i, j)))


def adjugate_bend(value: Matrix, first: Matrix, second: Matrix) -> Matrix:
    """Its second derivative, exactly."""

    def change(minor: Matrix, i: int, j: int) -> Number:
        return _contracted(adjugate_slope(minor, without(second, i, j)), without(first, i, j))

    return cofactors(value, change)


def _contracted(adjugate: Matrix, change: Matrix) -> Number:
    """adj^T : dM, 0 for matrices without entries."""
    return mp.fsum(entries_of(hadamard(transposed(adjugate), change))) if change else mp.mpf(0)


# Eigenvalues of symmetric matrices


def eigenvalues(value: Matrix) -> tuple[list[Number], Matrix]:
    """Of the symmetric part, in ascending order, with the eigenvectors as columns.  Raises Undefined for a matrix that is not symmetric."""
    size = len(value)
    half = scaled(mp.mpf(1) / 2, added(value, transposed(value)))
    if any(abs(half[i][j] - value[i][j]) > mp.mpf(10) ** (-8) for i in range(size) for j in range(size)):
        raise Undefined("the eigenvalues of a matrix that is not symmetric")
    try:
        values, vectors = mp.eigsy(mp.matrix(half))
    except RuntimeError as problem:  # no convergence
        raise Undefined(str(problem)) from None
    return list(values), vectors.tolist()


def eigenvalue(value: Matrix, place: int) -> Matrix:
    """The eigenvalue at this place of a symmetric matrix."""
    return scalar(eigenvalues(value)[0][place])


def eigenprojector(value: Matrix, place: int) -> Matrix:
    """The projector v v^T onto its eigenvector.  Raises Undefined where the eigenvalue is not simple."""
    if len(value) == 1:
        return scalar(1)
    values, vectors = eigenvalues(value)
    gap = values[1] - values[0] if place == 0 else values[-1] - values[-2]
    if gap <= mp.mpf(10) ** (-mp.dps // 4) * max(map(abs, values)):
        raise Undefined("the eigenvector of an eigenvalue that is not simple")
    vector = [[row[place]] for row in vectors]
    return multiplied(vector, transposed(vector))
