"""From text to tree: everything that is not plainly arithmetic is refused.

The text is bounded, and its characters and brackets are checked, before Python's parser
sees it; the parser only reads, nothing is ever executed.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn

from pdekit.errors import ExpressionError, near_misses, suggestion
from pdekit.expressions._functions import CONSTANTS, TABLE
from pdekit.expressions._tree import Binary, Call, Comparison, Name, Negative, Node, Number

MAX_CHARACTERS = 500
MAX_NODES = 200
MAX_DEPTH = 50  # brackets within brackets; far above any use, far below Python's own limit

_FOREIGN = re.compile(r"[^A-Za-z0-9_.+\-*/(),<>=! ]")
_BLANK = re.compile(r"[\t\r\n]")  # formulas may run over several lines of a case file
_HINTS = {
    "^": "write powers with **",
    "|": "write abs(…) for a modulus",
    "%": "write mod(a, b)",
    "[": "use round brackets",
    "{": "use round brackets",
}
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_REFUSED: dict[type[ast.AST], str] = {
    ast.Attribute: "attribute access with '.'",
    ast.IfExp: "'if' (write where(condition, a, b))",
    ast.BoolOp: "'and' or 'or' (multiply comparisons, or nest where(…))",
    ast.Starred: "'*' before an argument",
    ast.Tuple: "a comma outside a function's arguments",
    ast.FloorDiv: "'//' (write floor(a/b))",
    ast.LShift: "'<<'",
    ast.RShift: "'>>'",
    ast.Not: "'not'",
}
_SPELLINGS = {"ln": "log", "i": "1j", "j": "1j", "I": "1j", "arctan2": "atan2"}


def parse(
    text: str,
    names: Collection[str],
    *,
    what: str = "formula",
    max_characters: int = MAX_CHARACTERS,
    max_nodes: int = MAX_NODES,
) -> Node:
    """Parse a formula in the given names; `ExpressionError` says what is wrong where."""
    reader = _Reader(text, frozenset(names), what)
    reader.check_text(max_characters)
    body = reader.python_tree()
    count = sum(isinstance(n, ast.expr) for n in ast.walk(body))
    if count > max_nodes:
        reader.refuse(f"the {what} is too long: {count} terms (at most {max_nodes})")
    return reader.convert(body)


@dataclass(frozen=True)
class _Reader:
    text: str
    names: frozenset[str]
    what: str

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip())

    def refuse(self, reason: str, column: int | None = None) -> NoReturn:
        raise ExpressionError(reason, self.text[: 2 * MAX_CHARACTERS], column)

    def check_text(self, max_characters: int) -> None:
        if len(self.text) > max_characters:
            size = f"{len(self.text)} characters (at most {max_characters})"
            self.refuse(f"the {self.what} is too long: {size}")
        if not self.text.strip():
            self.refuse(f"the {self.what} is empty")
        if foreign := _FOREIGN.search(_BLANK.sub(" ", self.text)):
            character = foreign[0]
            hint = _HINTS.get(character, "")
            if not character.isascii():
                hint = "only ASCII, also in names"
            shown = ascii(character) + (f" ({hint})" if hint else "")
            self.refuse(f"{shown} is not allowed in a {self.what}", foreign.start() + 1)
        depth = 0
        for column, character in enumerate(self.text, start=1):
            depth += (character == "(") - (character == ")")
            if depth > MAX_DEPTH:
                self.refuse(f"brackets nested more than {MAX_DEPTH} deep", column)

    def python_tree(self) -> ast.expr:
        source = _BLANK.sub(" ", self.text).lstrip()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # such as for 2if x else y
                tree = ast.parse(source, mode="eval")
        except SyntaxError as error:
            column = min(self.indent + max(error.offset or 1, 1), len(self.text))
            hint = " (or is a * missing?)" if "literal" in error.msg else ""
            self.refuse(f"not a {self.what}: {error.msg}{hint}", column)
        except (ValueError, RecursionError, MemoryError):
            self.refuse(f"the {self.what} is too deeply nested")
        return tree.body

    def convert(self, node: ast.expr) -> Node:
        column = self.indent + node.col_offset + 1
        match node:
            case ast.Constant(value):
                return self._number(value, column)
            case ast.Name(name):
                return self._name(name, column)
            case ast.UnaryOp(ast.UAdd(), operand):
                return self.convert(operand)
            case ast.UnaryOp(ast.USub(), operand):
                inner = self.convert(operand)
                if isinstance(operand, ast.Constant) and isinstance(inner, Number):
                    return Number(-inner.value)
                return Negative(inner, column)
            case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
                symbol = _OPERATORS[type(operator)]
                return Binary(symbol, self.convert(left), self.convert(right), column)
            case ast.Compare(left, [operator], [right]) if type(operator) in _OPERATORS:
                symbol = _OPERATORS[type(operator)]
                return Comparison(symbol, self.convert(left), self.convert(right), column)
            case ast.Call(func, arguments, keywords):
                return self._call(func, arguments, keywords, column)
            case ast.Compare():
                self.refuse("only single comparisons, such as x < 1, are allowed", column)
        part = node.op if isinstance(node, ast.BinOp | ast.UnaryOp) else node
        name = _REFUSED.get(type(part), repr(type(part).__name__))
        self.refuse(f"{name} is not allowed in a {self.what}", column)

    def _number(self, value: object, column: int) -> Number:
        if isinstance(value, bool) or not isinstance(value, int | float | complex):
            self.refuse(f"{value!r} is not a number", column)
        try:
            number = value if isinstance(value, complex) else float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(abs(number)):
            self.refuse("the number is too large", column)
        return Number(number)

    def _name(self, name: str, column: int) -> Name:
        if name in self.names or name in CONSTANTS:
            return Name(name)
        if name in TABLE:
            self.refuse(f"{name!r} is a function: write {name}(…)", column)
        self.refuse(f"unknown name {name!r}{self._nearest(name, self._values())}", column)

    def _call(
        self,
        func: ast.expr,
        arguments: list[ast.expr],
        keywords: list[ast.keyword],
        column: int,
    ) -> Call:
        if not isinstance(func, ast.Name):
            self.refuse(
                "only a function's name can stand before '(' (or is a * missing?)", column
            )
        name = func.id
        if name in self._values():
            self.refuse(f"{name!r} is not a function (or is a * missing?)", column)
        if name not in TABLE:
            self.refuse(f"unknown function {name!r}{self._nearest(name, TABLE)}", column)
        if keywords:
            self.refuse(f"{name} takes no keyword arguments", column)
        arity = TABLE[name].arity
        if len(arguments) != arity:
            plural = "s" if arity > 1 else ""
            self.refuse(
                f"{name} takes {arity} argument{plural} (got {len(arguments)})", column
            )
        return Call(name, tuple(self.convert(a) for a in arguments), column)

    def _values(self) -> frozenset[str]:
        return self.names | CONSTANTS.keys()

    def _nearest(self, name: str, known: Collection[str]) -> str:
        if name in _SPELLINGS:
            return f"; write {_SPELLINGS[name]}"
        if close := near_misses(name, known):
            return f"; did you mean {' or '.join(map(repr, close))}?"
        return suggestion(name, known)
