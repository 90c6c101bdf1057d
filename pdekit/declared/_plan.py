"""From the terms of N to ``split``, ``product`` and ``assemble``, with few transforms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from pdekit.declared._formula import Formula, product
from pdekit.declared._groups import Group, degree_of, normalised, shown, times
from pdekit.declared._operators import AXES, IDENTITY, Operator
from pdekit.declared._pointwise import Form, Pointwise
from pdekit.declared._reader import refusal
from pdekit.declared._table import Table
from pdekit.declared._terms import (
    Term,
    Words,
    derivative,
    factors_of,
    linear_form,
    terms_of,
)
from pdekit.equation import Terms
from pdekit.expressions._simplify import ONE, ZERO, add, divide, is_real, multiply
from pdekit.expressions._tree import (
    Binary,
    Name,
    Node,
    Number,
    excerpt,
    names_in,
)

SPECTRAL = ("kx", "ky", "kz", "k2", "inv_k2", "_kx2", "_ky2", "_kz2", "_mean")
"""Real symbols of the formulas in Fourier space."""
MEAN = Name("_mean")
"""1 at k = 0, else 0: the spectrum of a constant."""


@dataclass(frozen=True)
class Plan:
    """How N is computed in so many dimensions."""

    terms: Terms
    inputs: int
    outputs: int
    linear: tuple[str, ...]
    """Terms of N that are linear in the field they belong to."""
    means: tuple[str, ...]
    """Fields whose mean N does not change."""
    degree: int | None
    """Largest number of factors in a product; None where there are other functions."""

    @property
    def transforms(self) -> int:
        """Number of transforms for each evaluation."""
        return self.inputs + self.outputs


def plan(
    trees: Mapping[str, Node], words: Words, table: Table, axes: int, real: bool
) -> Plan:
    """Return the cheaper of the plans with and without  uⁿuₓ = (uⁿ⁺¹)ₓ/(n + 1)."""
    plans = [
        _Planner(words, table, axes, real, conservative).plan(trees)
        for conservative in (True, False)
    ]
    return min(plans, key=lambda p: p.transforms)


class _Planner:
    def __init__(
        self, words: Words, table: Table, axes: int, real: bool, conservative: bool
    ) -> None:
        self.words, self.table, self.axes, self.real = words, table, axes, real
        self.conservative = conservative
        self.pointwise = Pointwise(words, table, axes, real)
        self.products: dict[tuple[str, Operator], list[tuple[Node, Node]]] = {}
        self.linear: dict[str, list[Term]] = {f: [] for f in words.fields}
        self.constants: dict[str, Node] = dict.fromkeys(words.fields, ZERO)

    def plan(self, trees: Mapping[str, Node]) -> Plan:
        for name, tree in trees.items():
            for term in terms_of(tree, self.words):
                self._sort_in(name, term)
        hidden = tuple(
            f"{name}: {shown(term)}"
            for name, terms in self.linear.items()
            for term in terms
            if term.core == Name(name)
        )
        means = tuple(
            f
            for f in self.words.fields
            if self.constants[f] == ZERO
            and not any(name == f and op.is_identity for name, op in self.products)
            and all(not term.operator.is_identity for term in self.linear[f])
        )
        terms, inputs, outputs = self._formulas()
        return Plan(terms, inputs, outputs, hidden, means, degree_of(terms))

    # -- what each term is -------------------------------------------------------------

    def _sort_in(self, name: str, term: Term) -> None:
        self._check(name, term)
        if term.core is None:
            self.constants[name] = add(self.constants[name], term.coefficient)
        elif isinstance(term.core, Name) and term.core.name in self.words.fields:
            self.linear[name].append(term)
        else:
            if self.conservative:
                term = self._as_derivative(term)
            assert term.core is not None  # noqa: S101 - seen above
            value = self.pointwise.value(term.core)
            group = self.products.setdefault((name, term.operator), [])
            group.append((self.table.constant(term.coefficient), value))

    def _check(self, name: str, term: Term) -> None:
        part = term.core or term.coefficient
        if term.operator.axes > self.axes:
            raise refusal(
                f"a derivative along {AXES[term.operator.axes - 1]} needs a domain with "
                f"that axis (it has {', '.join(AXES[: self.axes])})",
                part,
            )
        if term.core is not None and self.words.is_known(term.core):
            raise refusal(
                f"{excerpt(term.core)} does not depend on the fields; write it under "
                "`source`, which needs no transform",
                part,
            )
        if self.real and not self._is_real(term):
            raise refusal(
                f"{name} is real, and this term is not: {shown(term)}; declare "
                f"`fields: {{{name}: complex}}`",
                part,
            )

    def _is_real(self, term: Term) -> bool:
        names = names_in(term.coefficient) | names_in(term.core or ONE)
        return is_real(term.coefficient, names) and is_real(term.core or ONE, names)

    def _as_derivative(self, term: Term) -> Term:
        """Write  uⁿ ∂u  as  ∂(uⁿ⁺¹)/(n + 1)."""
        assert term.core is not None  # noqa: S101 - of products only
        _, factors = factors_of(term.core, self.words)
        slopes = [f for f in factors if derivative(f) is not None]
        fields = [f for f in factors if isinstance(f, Name)]
        if len(slopes) != 1 or len(fields) != len(factors) - 1 or len(set(fields)) != 1:
            return term
        form = linear_form(slopes[0], self.words, IDENTITY)
        if form is None or len(form) != 1:
            return term
        ((coefficient, own, name),) = form
        if (
            Name(name) != fields[0]
            or sum(own.orders) != 1
            or own.laplacians
            or own.inverses
        ):
            return term
        power = len(fields) + 1
        scale = divide(multiply(term.coefficient, coefficient), Number(float(power)))
        core = product([fields[0]] * power)
        return Term(scale, term.operator.after(own), core)

    # -- formulas ----------------------------------------------------------------------

    def _formulas(self) -> tuple[Terms, int, int]:
        """Return the three formulas, the number of inputs and that of outputs."""
        found = {key: normalised(pairs) for key, pairs in self.products.items()}
        groups = {key: made for key, made in found.items() if made[1]}
        if not groups:
            groups = self._all_pointwise()
        if not groups:
            if any(constant != ZERO for constant in self.constants.values()):
                raise refusal("depends on no field; write it under `source`", ONE)
            return Terms(None, None, None), 0, 0
        groups = self._with_free_terms(groups)
        cores = list(dict.fromkeys(group for _, group in groups.values()))
        inputs = list(self.pointwise.inputs)
        if not inputs:
            raise refusal("depends on no field; write it under `source`", ONE)
        made = self._product_formula(cores, len(inputs))
        return (
            Terms(self._split(inputs), made, self._assemble(groups, cores)),
            len(inputs),
            len(cores),
        )

    def _all_pointwise(self) -> dict[tuple[str, Operator], tuple[Node, Group]]:
        """Return groups of linear terms alone, such as those that couple the fields."""
        found = {}
        for name in self.words.fields:
            pairs = [self._linear_pair(term) for term in self.linear[name]]
            self.linear[name] = []
            if pairs:
                found[name, IDENTITY] = normalised(pairs)
        return found

    def _linear_pair(self, term: Term) -> tuple[Node, Node]:
        return self.table.constant(term.coefficient), self.pointwise.input(_form(term))

    def _with_free_terms(
        self, groups: dict[tuple[str, Operator], tuple[Node, Group]]
    ) -> dict[tuple[str, Operator], tuple[Node, Group]]:
        """Add linear terms and constants to products where that costs nothing."""
        shared = Counter(group for _, group in groups.values())
        found = dict(groups)
        for name in self.words.fields:
            key = (name, IDENTITY)
            if key not in groups or shared[groups[key][1]] > 1:
                continue
            scale, group = groups[key]
            pairs = [(multiply(scale, c), value) for c, value in group]
            free = [t for t in self.linear[name] if _form(t) in self.pointwise.inputs]
            pairs += [self._linear_pair(term) for term in free]
            self.linear[name] = [t for t in self.linear[name] if t not in free]
            if self.constants[name] != ZERO:
                pairs.append((self.table.constant(self.constants[name]), ONE))
                self.constants[name] = ZERO
            if len(pairs) > len(group):
                found[key] = (ONE, tuple(pairs))
        return found

    def _split(self, inputs: list[Form]) -> Formula | None:
        plain = [((ONE, IDENTITY, name),) for name in self.words.fields]
        if inputs == plain:
            return None
        results = tuple(
            _sum(self._spectral(c, op, Name(f)) for c, op, f in form) for form in inputs
        )
        return self._formula("split", (), results)

    def _product_formula(self, cores: list[Group], inputs: int) -> Formula:
        results = tuple(_sum(times(c, value) for c, value in group) for group in cores)
        return self._formula("product", tuple(f"_{i}" for i in range(inputs)), results)

    def _assemble(
        self, groups: Mapping[tuple[str, Operator], tuple[Node, Group]], cores: list[Group]
    ) -> Formula | None:
        leading = [Name(f"_{i}") for i in range(len(cores))]
        results = []
        for name in self.words.fields:
            parts = [
                op.applied(scale, leading[cores.index(group)])
                for (owner, op), (scale, group) in groups.items()
                if owner == name
            ]
            parts += [
                self._spectral(t.coefficient, t.operator, t.core)
                for t in self.linear[name]
                if t.core is not None
            ]
            if self.constants[name] != ZERO:
                parts.append(multiply(self.table.constant(self.constants[name]), MEAN))
            results.append(_sum(parts) if parts else Binary("*", ZERO, leading[0]))
        if results == leading:
            return None
        return self._formula("assemble", tuple(n.name for n in leading), tuple(results))

    def _spectral(self, coefficient: Node, op: Operator, to: Node) -> Node:
        return op.applied(self.table.constant(coefficient), to)

    def _formula(
        self, name: str, first: tuple[str, ...], results: tuple[Node, ...]
    ) -> Formula:
        """Return a formula that takes the names in front and then those it uses."""
        used = {name for tree in results for name in names_in(tree)}
        return Formula(name, (*first, *sorted(used - set(first))), results)


def _form(term: Term) -> Form:
    """Return the input that a linear term without its coefficient is."""
    assert isinstance(term.core, Name)  # noqa: S101 - that is what linear terms are
    return ((ONE, term.operator, term.core.name),)


def _sum(parts: Iterable[Node]) -> Node:
    return reduce(add, parts)
