"""Text in Python to its tree, and the text of a function; nothing is run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable

from matdiff.language.errors import MatdiffError, TooLarge, UnexpectedText, UnreadCode
from matdiff.language.syntax import Span
from matdiff.limits import CHARACTERS, DEPTH, NESTING
from matdiff.read.numpy.value import kind_with

# What the names of modules usually are.
LIBRARIES = {
    **dict.fromkeys(("np", "numpy", "math", "LA", "linalg", "onp", "autograd", "anp"), "numpy"),
    **dict.fromkeys(("jnp", "jax", "jsp"), "jax"),
    **dict.fromkeys(("scipy", "special", "sla", "sp"), "scipy"),
    **dict.fromkeys(("torch", "F", "nn", "functional"), "torch"),
}
# Python's lines, which end in three ways.
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|[\r\n]|\Z)")
# Functions beside another one, at most.
_MOST_BESIDE = 50


class Places:
    """Where the nodes of a tree are in its text: Python counts lines, and bytes in them.

    shift   lines in front of the text that the tree has and the text has not
    """

    def __init__(self, text: str, shift: int = 0) -> None:
        self.text, self.shift = text, shift
        self.lines = list(_LINE.finditer(text))

    def line(self, number: int) -> re.Match[str]:
        return self.lines[min(max(number - 1 - self.shift, 0), len(self.lines) - 1)]

    def place(self, line: int, column: int) -> int:
        found = self.line(line)
        text = found[1]
        return found.start() + (column if text.isascii() else len(text.encode()[:column].decode(errors="ignore")))

    def span(self, node: ast.AST) -> Span:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        end_line, end_column = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", column)
        return Span(self.place(line, column), self.place(end_line or line, end_column or column))


def parsed(text: str) -> tuple[ast.Module, int]:
    """The tree, and the number of lines that were put in front: indented code becomes the body of an `if`.

    Raises UnexpectedText and TooLarge.
    """
    if len(text) > CHARACTERS:
        raise TooLarge(what="text", limit=CHARACTERS)
    _check_nesting(text)
    first = next((line for line in text.split("\n") if line.strip() and not line.strip().startswith("#")), "")
    shift = 1 if first[:1] in (" ", "\t") else 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of its style
            return ast.parse("if 1:\n" * shift + text), shift
    except SyntaxError as error:
        raise _broken(text, error, shift) from None
    except (RecursionError, MemoryError):
        raise TooLarge(what="depth", limit=DEPTH) from None
    except ValueError:  # null bytes
        place = max(text.find("\0"), 0)
        raise UnexpectedText(span=Span(place, place + 1), text="\\0", reason="character") from None


def _check_nesting(text: str) -> None:
    """Raises TooLarge."""
    level = 0
    for place, letter in enumerate(text):
        if letter in "([{":
            level += 1
            if level > NESTING:
                raise TooLarge(what="nesting", limit=NESTING, span=Span(place, place + 1))
        elif letter in ")]}":
            level = max(level - 1, 0)


def _broken(text: str, error: SyntaxError, shift: int) -> MatdiffError:
    """Where Python cannot go on; here it counts letters."""
    line, words = Places(text, shift).line(error.lineno or 1), str(error.msg or "").partition(" (")[0] or "invalid syntax"
    start = line.start() + min(max((error.offset or 1) - 1, 0), len(line[1]))
    return UnreadCode(span=Span(start, min(start + 1, len(text))), why=f"Python: {words}")


def source_of(function: Callable[..., object]) -> str | None:
    """The text of a function of a file, or of the only `lambda` in its lines; None where there is none.

    In front of it stands what its names are: modules under their aliases, and the functions beside it that it calls.  Of an object
    with `forward` or `__call__` it is that method.
    """
    import inspect

    if not inspect.isroutine(function) and not inspect.isclass(function):
        methods = (getattr(getattr(function, name, None), "__func__", None) for name in ("forward", "__call__"))
        function = next((method for method in methods if method is not None), function)
    if inspect.isfunction(function) and hasattr(function, "__wrapped__"):  # another function, such as jax.grad(f)
        return None
    text = _own_source(function)
    if text is None:
        return None
    names: dict[str, str] = {}
    _name_beside(inspect.unwrap(getattr(function, "__func__", function)), names, {getattr(function, "__name__", "")})
    if not names:
        return text
    last = "" if text.startswith(("lambda", "(")) else f"\n{function.__name__}"
    return "\n".join([*names.values(), text.rstrip()]) + last + "\n"


def _own_source(function: Callable[..., object]) -> str | None:
    import inspect
    import textwrap

    try:
        text = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    if getattr(function, "__name__", "") != "<lambda>":
        return text
    try:
        found = [node for node in ast.walk(parsed(text.strip())[0]) if isinstance(node, ast.Lambda)]
    except MatdiffError:  # a line in the middle of an expression
        return None
    segment = ast.get_source_segment(text.strip(), found[0]) if len(found) == 1 else None
    return f"({segment})" if segment and "\n" in segment else segment


def _name_beside(function: object, found: dict[str, str], seen: set[str]) -> None:
    """What the names in a function are: imports and the texts of other functions, those that are called first."""
    import inspect

    code, outside = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    for name in code.co_names if code is not None else ():
        value = outside.get(name)
        if name in seen or value is None or len(seen) > _MOST_BESIDE:
            continue
        seen.add(name)
        module = root_of(getattr(value, "__module__", None) or "")
        if inspect.ismodule(value):
            if value.__name__ != name:
                found[name] = f"import {value.__name__} as {name}"
        elif module in LIBRARIES and getattr(value, "__name__", name) != name:
            found[name] = f"from {module} import {value.__name__} as {name}"
        elif inspect.isfunction(value) and module not in LIBRARIES and value.__name__ == name:
            text = _own_source(value)
            if text is not None:
                _name_beside(value, found, seen)
                found[name] = text.rstrip()


def is_code(text: str) -> bool:
    """Whether Python can read it, and it is no formula with other signs."""
    try:
        tree, _ = parsed(text)
    except MatdiffError:
        return False
    nodes = list(ast.walk(tree))
    dotted = [node.attr for node in nodes if isinstance(node, ast.Attribute) and not _is_module(node.value)]
    return not any(isinstance(node, (ast.BitXor, ast.JoinedStr)) for node in nodes) and not any(map(_is_factor, dotted))


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "math", "jnp", "torch")


def _is_factor(name: str) -> bool:
    """Whether it is rather a factor, as Mathematica writes A.B, than an attribute."""
    return len(name) == 1 and name not in "THIt"


def imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """What imported names are: modules and functions by their paths, as `torch.linalg`."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update({one.asname: one.name for one in node.names if one.asname})
            found.update({root: root for root in (root_of(one.name) for one in node.names if not one.asname)})
        elif isinstance(node, ast.ImportFrom):
            found.update({one.asname or one.name: f"{node.module or ''}.{one.name}" for one in node.names})
    return found


def root_of(path: str) -> str:
    """Of `torch.linalg` it is torch."""
    return path.partition(".")[0]


# What says nothing about values


_SILENT_CALLS = frozenset(
    "print zero_grad step requires_grad_ retain_grad manual_seed seed eval train config update no_grad enable_grad errstate autocast "
    "set_default_dtype set_printoptions warn info debug figure plot show set_seed".split()
)
_SILENT_DECORATORS = frozenset(
    "jit njit compile script cache lru_cache staticmethod classmethod override abstractmethod checkpoint no_grad typechecked".split()
)
_RANDOM = frozenset(
    "rand randn normal uniform standard_normal random randint random_sample multivariate_normal rand_like randn_like".split()
)
_READ_IN = frozenset("loadtxt load genfromtxt read_csv load_iris default_rng PRNGKey key RandomState Parameter empty".split())


def whole_number(node: ast.expr) -> int | None:
    """The whole number that is written out, perhaps negative."""
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1
    return sign * node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def last_name(node: ast.expr) -> str:
    """Of `a.b.c(...)` or `a.b.c` the c."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def is_silent(node: ast.expr) -> bool:
    """Whether it is a call that is made for its effect, such as printing."""
    return isinstance(node, ast.Call) and last_name(node) in _SILENT_CALLS


def is_raised(body: list[ast.stmt]) -> bool:
    """Whether it only raises an error, or warns."""
    return all(isinstance(one, ast.Raise) or (isinstance(one, ast.Expr) and is_silent(one.value)) for one in body)


def decorates_silently(node: ast.expr) -> bool:
    """Whether a decorator leaves the values of the function as they are."""
    if isinstance(node, ast.Call) and last_name(node) == "partial" and node.args:
        return decorates_silently(node.args[0])
    return last_name(node) in _SILENT_DECORATORS


def needs_gradient(node: ast.expr) -> bool:
    """Whether PyTorch is told so where an array is made."""
    keywords = node.keywords if isinstance(node, ast.Call) else []
    is_told = any(
        one.arg == "requires_grad" and isinstance(one.value, ast.Constant) and one.value.value is True for one in keywords
    )
    return is_told or last_name(node) == "Parameter"


def arrays_in(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """The kinds of the names that an einsum gives more axes than a matrix has."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.Call) and last_name(node) == "einsum" and node.args and isinstance(node.args[0], ast.Constant):
            subscripts = str(node.args[0].value).replace(" ", "").partition("->")[0].split(",")
            for letters, operand in zip(subscripts, node.args[1:]):
                if isinstance(operand, ast.Name) and len(letters) > 2:
                    found[operand.id] = kind_with(len(letters))
    return found


def made_at_random(node: ast.expr) -> str | None:
    """The kind of what is drawn or loaded, so that the name stays a variable: "" where that is not told; None where it is neither."""
    if not isinstance(node, ast.Call):
        return None
    name = last_name(node)
    if name in _READ_IN or needs_gradient(node):
        return ""
    dotted = ast.unparse(node.func)
    if name not in _RANDOM or not ("random" in dotted or "torch" in dotted or "rng" in dotted):
        return None
    sizes = [keyword.value for keyword in node.keywords if keyword.arg in ("size", "shape")]
    for argument in node.args if name not in ("uniform", "normal") or "jax" in dotted else []:
        if isinstance(argument, (ast.Tuple, ast.List)):
            sizes.append(argument)
    if sizes and isinstance(sizes[0], (ast.Tuple, ast.List)):
        return {1: "vector", 2: "matrix"}.get(len(sizes[0].elts), "")
    if name in ("randn", "rand"):
        return {0: "scalar", 1: "vector", 2: "matrix"}.get(len(node.args), "")
    return ""
