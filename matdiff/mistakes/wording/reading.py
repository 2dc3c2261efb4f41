"""Mistakes of reading (E1xx), of names and of declarations (E2xx) in words."""

from __future__ import annotations

import os

from matdiff.functions import NAMES, RESERVED
from matdiff.language import errors
from matdiff.mistakes.diagnostic import Label, Wording, Words, plain
from matdiff.mistakes.suggest import near_function
from matdiff.mistakes.texts import cut, statement_around
from matdiff.read.split import PROPERTIES

# Of a longer circle of definitions only the first are named.
_MOST_IN_CIRCLE = 4


# E1xx: reading

_UNEXPECTED = {
    "closing": "nothing is open here",
    "character": "not a character of the language",
    "underscore": "names start with a letter",
    "norm": "norms are ||x||, ||x||_1, ||x||_2 and ||X||_F",
    "equals": "a definition is `NAME = ...` at the start of a statement",
    "wrt": "`wrt` takes names of variables, at the end of a statement",
    "separator": "`{text}` only separates arguments, blocks and indices",
    "after-term": "this cannot follow here",
    "lines": "`{after}` takes no vector that a row or column could be",
    "power": "a power of a power needs parentheses: (x^2)^3 or x^(2^3)",
    "row": "{text} here, {after} in the first row",
    "option": "options stand outside of the quotes",
    "prose": "no part of a formula",
    "word": "a word of several letters is written \\mathrm{...}",
    "group": "what a script or a font belongs to is not clear here: use brackets",
    "argument": "an argument stands in braces",
    "digits": "an exponent of several digits stands in braces",
    "subscript": "a subscript is made of letters, digits, commas and signs, and stands behind a letter",
    "script": "this superscript is not read: it is a power, a transpose or an inverse",
    "function": "a power of a function stands behind its brackets: \\log(x)^2",
    "indexed": "sums, means and products are read over i, i=1, i \\ne j, i < j, i \\in S and (i,j) \\in S, extrema over i",
    "unread": "limits, integrals, expectations and deltas of indices are not read",
    "derivative": "a derivative stands in front of all that is differentiated, which is one product or stands in brackets",
    "sigma": "the sigmoid, or a product? write \\operatorname{sigmoid} or \\cdot",
    "size": "below an identity, ones or zeros stands their size; what is something else needs another letter",
    "undefined": "nothing here says what it is: write `{text} = ...` before it",
    "evaluated": "the value at a point is not read: leave it out",
    "constraint": "constraints are not read: leave them out",
    "relation": "only equalities are read",
    "member": "a declaration is a name in a set: X \\in \\mathbb{R}^{m \\times n}",
    "set": "the sets that are read: \\mathbb{R}^n, \\mathbb{R}^{m \\times n}, \\mathbb{S}^n, \\mathbb{S}_{++}^n",
    "complex": "everything is real here",
    "bars": "bars around a vector: write \\|x\\| for its norm, \\operatorname{abs}(x) for the entries without their signs",
    "cross": "the cross product is not read; a product of numbers is",
    "term": "expected a term after `{after}`",
    "term-before": "expected a term after `{after}`",
}


def _unexpected(error: errors.UnexpectedText, text: str) -> Words:
    message, label = f"unexpected `{error.text}`", _UNEXPECTED[error.reason]
    if error.reason == "row":
        message = "the rows of a block matrix have different numbers of blocks"
    if error.reason == "term-before" and not error.after:
        label = "expected a term before it"
    return message, [Label(error.span, label.replace("{text}", error.text).replace("{after}", error.after))], []


def _unclosed(error: errors.UnclosedBracket, text: str) -> Words:
    message, opened = "`{0.opener}` is never closed", "opened here"
    if error.found:
        return plain(message, end="expected `{0.closer}`", also={"span": opened})(error, text)
    return plain(message, span=opened, also={"end": "expected `{0.closer}` before the end"})(error, text)


def _ends_early(error: errors.EndsEarly, text: str) -> Words:
    if not error.after:
        return "there is no expression", [Label(error.span, "expected an expression")] if text.strip() else [], []
    return "the expression ends too early", [Label(error.span, f"expected a term after `{error.after}`")], []


_FOREIGN = {
    "**": "write `^`",
    ".T": "write `^T` or `'`",
    "\\": "left division is not supported",
    "%*%": "write a product as `A B`",
    "%o%": "write an outer product as `x y^T`",
    "%x%": "write `kron(A, B)`",
    "<-": "write `=`",
    "*.": "write `.*`",
    "^.": "write `.^`",
    ":=": "write `=`",
    ".^T": "write `^T` or `'`",
    ".^-T": "write `^-T`",
    ".^H": "write `^T` or `'`",
    ".^-H": "write `^-T`",
    "==": "equations are not supported",
    "{": "write `(`",
    "}": "write `)`",
    "$": "formulas need no `$` here",
    "!": "factorials are not supported",
    "%": "write `#` for a comment",
    ".transpose()": "write `^T` or `'`",
    ".t()": "write `^T` or `'`",
    ".dot": "write a product as `A B`",
}


def _foreign(error: errors.ForeignOperator, text: str) -> Words:
    written = error.written
    if written == "|":
        label = "norms are written ||x||" if error.partner is None else ""
        return plain("single `|` is ambiguous", span=label, partner="absolute value, norm or determinant?")(error, text)
    if written.startswith(".^"):  # `X.^T`, and T is no variable
        bare = written.replace("(", "").replace(")", "")
        notes = [f"`.^` is the elementwise power; for a power by a variable {bare[-1]}, declare it"]
        return f"`{written}` is not an operator here", [Label(error.span, _FOREIGN[bare])], notes
    message, label = f"`{written}` is not an operator here", _FOREIGN.get(written, "no such operator")
    if written not in _FOREIGN and (written[-1].isalnum() or written.endswith("()")):
        message, label = _attribute(error)
    if os.path.isfile(text.strip()):
        return message, [Label(error.span, "a file is read with -f")], []
    return message, [Label(error.span, label)], ["`.^` is the elementwise power"] if written == "**" else []


_BAD_NUMBERS = {
    "points": "a number has one point",
    "exponents": "a number has one exponent",
    "base": "numbers are decimal",
    "groups": "digits stand together",
}


def _bad_number(error: errors.BadNumber, text: str) -> Words:
    label = _BAD_NUMBERS.get(error.problem, f"behind a factor write `0{error.written}`")
    is_mended = error.problem == "factor" or bool(error.meant)
    notes = [] if is_mended else ["numbers are written 12, 1.5, 2e-3"]
    return f"`{error.written}` is no number here", [Label(error.span, label)], notes


def _attribute(error: errors.ForeignOperator) -> tuple[str, str]:
    """`np.linalg.inv(X)` and `X.sum()`: the name of the function alone."""
    last = error.written.rstrip("()").rpartition(".")[2]
    function = near_function(last) if last not in NAMES else last
    if error.written.startswith("."):
        label = f"write `{function}(...)` around it" if function and function == last else "names have no attributes"
        return f"`{error.written}` is not an operator here", label
    return f"unknown function `{error.written}`", f"write `{function}`" if function else "names have no attributes"


def _glued_transpose(error: errors.GluedTranspose, text: str) -> Words:
    base = cut(text, error.base)
    power = f"{base} to the power {error.written}" if base.isidentifier() else "a power"
    message = f"`{error.written}` is read as one name, so this is {power}"
    return message, [Label(error.span, "one name")], ["names may have several letters: write a space between two names"]


def _look_alike(error: errors.LookAlikeLetter, text: str) -> Words:
    from unicodedata import name

    alphabet = name(error.letter, "other").split()[0].capitalize()
    message = f"`{error.letter}` is the {alphabet} letter U+{ord(error.letter):04X}, not the Latin {error.latin}"
    return message, [Label(error.span)], []


# E2xx: names and declarations


def _index_sum(error: errors.IndexSum, text: str) -> Words:
    if error.problem == "value":
        return (
            f"the index `{error.index}` stands where a value must",
            [Label(error.span, "an index only stands in a subscript")],
            [],
        )
    if error.problem == "subscript":
        return "this subscript is not read", [Label(error.span, "a subscript is made of letters and digits")], []
    if error.problem == "position":
        label = "a position in brackets is the same in every term"
        note = "a matrix Y with the row e(y_i) for each term says it, as in sum_{i,k} Y_ik log(p_ik)"
        return f"`{error.written}` is another place in every term", [Label(error.span, label)], [note]
    if error.problem == "range":
        return (
            f"nothing tells up to where `{error.index}` runs",
            [Label(error.span)],
            [f"write it as in sum_{{{error.index}=1}}^n"],
        )
    if error.problem == "unbound":
        note = f"write it as in sum_i, or on the left side, as in y[{error.index}] = ..."
        return f"no sum binds the index `{error.index}`", [Label(error.span)], [note]
    if error.problem in _EINSUM:
        return "this einsum is not read", [Label(error.span, _EINSUM[error.problem])], ['write it as in einsum("ij,j->i", A, x)']
    forms = (
        "sum_i, sum_{i=1}^n, sum_{i,j}, sum_{i != j}, sum_{i<j}, sum_{i in S} and sum_{(i,j) in S} are read, and so mean and prod"
    )
    return "this sum over an index is not read yet", [Label(error.span, f"`{error.written}`")], [forms]


_EINSUM = {
    "ellipsis": "every axis needs a letter of its own: nothing tells how many `...` stands for",
    "letters": "an axis is one letter",
    "operands": "there are not as many subscripts as arrays",
    "output": "what stands behind the arrow is letters in front of it, each once",
}


def _wrong_arity(error: errors.WrongArity, text: str) -> Words:
    plural = "" if error.expected == 1 else "s"
    return f"`{error.function}` takes {error.expected} argument{plural}, got {error.got}", [Label(error.span)], []


def _unknown_variable(error: errors.UnknownVariable, text: str) -> Words:
    where = "question" if error.expected else "expression"
    labels = [Label(error.span, f"not in the {where}")] if error.span else []
    if error.variable == "all" and error.span is None:
        return "`all` stands alone: it means every variable", labels, []
    notes = [f"variables: {', '.join(error.names)}"] if error.names else []
    return f"`{error.variable}` does not occur in the {where}", labels, notes


def _reserved(error: errors.ReservedName, text: str) -> Words:
    meaning = {"I": "the identity matrix", "wrt": "naming the variables", "pi": "the number pi"}.get(error.reserved, "a constant")
    message = f"`{error.reserved}` is reserved for {meaning}"
    if error.reserved not in RESERVED or error.reserved == "eye":
        message = f"`{error.reserved}` is a function"
    label = f"choose another name, for example `{error.reserved}_1`"
    return message, [Label(error.span, label)], [f"reserved: {', '.join(RESERVED)} and the names of functions"]


def _declared_twice(error: errors.DeclaredTwice, text: str) -> Words:
    if error.in_question:
        label = f"declared {error.second_text} here" if error.second_text else "defined here"
        known = f"{error.variable}: {error.first_text}" if error.first_text else f"{error.variable} is a size"
        message = f"`{error.variable}` has another meaning in the question"
        return message, [Label(error.second, label)], [f"in the question: {known}"]
    verb = "defined" if cut(text, error.second).partition("=")[1] else "declared"
    second = f"{verb} {error.second_text} here" if verb == "declared" else "defined again here"
    first = f"first declared {error.first_text}" if verb == "declared" else "first defined here"
    labels = [Label(error.second, second)]
    if error.first is not None:
        labels.append(Label(error.first, first, primary=False))
    notes = [f"--var declares it {error.first_text}"] if error.first is None else []
    return f"`{error.variable}` is {verb} twice", labels, notes


_FORMS = "forms: `W: m x n`, `x: n`, `c: scalar`, `S: symmetric n`, `D: diagonal n`, `P: spd n`"
_DECLARATION_PROBLEMS = {
    "empty": "expected a declaration",
    "no-colon": "expected `:` after the name",
    "name": "expected a name here",
    "no-size": "expected a size here",
    "word": "`{found}` is no size",
    "by": "expected `x` between the two sizes",
    "one": "an array with more than two axes has none of size 1",
    "property": "no such property",
    "square": "{found} needs one size",
    "size": "a size is a name or a positive whole number",
    "syntax": "this cannot stand here",
}


def _bad_declaration(error: errors.BadDeclaration, text: str) -> Words:
    label = _DECLARATION_PROBLEMS[error.problem].replace("{found}", error.found)
    if error.problem == "word" and error.found in PROPERTIES:
        label = "a property stands before the size"
    statement = text if error.in_option else cut(text, statement_around(text, error.span.start))
    return "cannot read this declaration", [Label(error.span, label)] if statement.strip() else [], [_FORMS]


def _circular(error: errors.CircularDefinition, text: str) -> Words:
    shown = error.uses[:_MOST_IN_CIRCLE]
    names = [f"`{name}`" for name, _, _ in shown]
    if len(error.uses) > len(shown):
        names.append(f"{len(error.uses) - len(shown)} others")
    message = (
        f"{', '.join(names[:-1])} and {names[-1]} are defined by each other"
        if len(names) > 1
        else f"{names[0]} is defined by itself"
    )
    return message, [Label(span, f"{name} needs {used}") for name, used, span in shown], []


def _unspecified(error: errors.UnspecifiedFunction, text: str) -> Words:
    message = f"`{error.function}` is no function that is known, and {error.function} is nothing else here"
    product = f"write a space: {error.function} ({', '.join(error.arguments)})"
    if "\\" in text or "$" in text:
        product = "write \\cdot between them, or leave out the brackets"
    notes = [f"unspecified functions are not read yet; for a product {product}"]
    return message, [Label(error.span, f"a function of {', '.join(error.arguments)}?")], notes


READING_WORDS: dict[type, Wording] = {
    errors.UnexpectedText: _unexpected,
    errors.UnclosedBracket: _unclosed,
    errors.EndsEarly: _ends_early,
    errors.ForeignOperator: _foreign,
    errors.BadNumber: _bad_number,
    errors.UnknownCommand: plain("unknown command `{0.command}`", "it is none of the commands that are read", span=""),
    errors.NeedsParentheses: plain("`{0.function}` needs parentheses", span="a function", also={"argument": "its argument?"}),
    errors.GluedTranspose: _glued_transpose,
    errors.LookAlikeLetter: _look_alike,
    errors.UnknownFunction: plain("unknown function `{0.function}`", "`matdiff --functions` lists all of them", span=""),
    errors.UnspecifiedFunction: _unspecified,
    errors.IndexSum: _index_sum,
    errors.UnreadCode: lambda error, text: ("this code cannot be read", [Label(error.span, error.why)], []),
    errors.WrongArity: _wrong_arity,
    errors.UnknownVariable: _unknown_variable,
    errors.ReservedName: _reserved,
    errors.DeclaredTwice: _declared_twice,
    errors.DeclaredLate: plain("`{0.variable}` is declared after it is used", span="declared here", also={"used": "used here"}),
    errors.BadDeclaration: _bad_declaration,
    errors.CircularDefinition: _circular,
}
