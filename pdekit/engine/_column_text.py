"""Text of the pass over columns: N is formed, a stage applied, its argument handed over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pdekit.engine._rhs import RightHandSide, parameters
from pdekit.engine._text_names import SIZES, Lanes, Names, Rows
from pdekit.stepping._scheme import Stage


class ColumnText:
    """Writes the loops over the kept modes of one bundle of columns."""

    def __init__(self, rhs: RightHandSide, names: Names, lanes: Lanes) -> None:
        self.rhs, self.names, self.lanes = rhs, names, lanes
        self.variables = rhs.variables
        self.count = len(rhs.variables)
        self.split = rhs.terms.split or rhs.equation.decode
        self.assemble = rhs.terms.assemble

    def _columns(
        self,
        name: str,
        rows: Rows,
        body: list[str],
        *,
        forward: bool,
        feeds: bool,
        symbols: set[str],
    ) -> str:
        """Loop over the kept modes of the bundle numbered ``q``.

        ``rows`` are what the body takes; ``forward`` and ``feeds`` say whether products
        come in and whether arguments go out.
        """
        looked_up = {s: k for s, k in self.names.symbols.items() if s in symbols}

        def fetch(loop: int, pad: int) -> list[str]:
            return [
                f"{' ' * pad}x_{s} = {k.index(f's_{s}', 0, rows)}"
                for s, k in looked_up.items()
                if k.loop == loop
            ]

        n = self.names
        arguments = ["q", "dims", "plans", "hat", *n.state, *n.spectral]
        lines = ["@step", f"def {name}({', '.join(arguments)}):"]
        lines += [f"    {', '.join(SIZES)} = dims"]
        lines += ["    r1, left = q // B, q % B * W", "    right = min(left + W, M)"]
        lines += ["    columns = hat[q]"]
        if forward:
            lines += self._along_axis_0(1, self.rhs.outputs)
        lines += fetch(0, 4)
        lines += ["    for r0 in range(a_v.shape[1]):"]
        lines += ["        f0 = r0 + gap0 if r0 >= low0 else r0", *fetch(1, 8)]
        inner = [*fetch(2, 12), *(" " * 12 + line for line in body)]
        lines += [*(" " * 8 + line for line in rows.loop), *inner]
        if feeds:
            lines += self._cleared() + self._along_axis_0(0, self.rhs.inputs)
        return "\n".join(lines) + "\n\n"

    def _cleared(self) -> list[str]:
        """Set the modes left out to zero, where a transform reads them."""
        if self.lanes.columns or self.lanes.members:
            return []
        return [
            f"    for i in range({self.rhs.inputs}):",
            "        for f0 in range(low0, low0 + gap0):",
            "            for j in range(W):",
            "                columns[i, f0, j] = 0.0",
        ]

    def _along_axis_0(self, plan: int, count: int) -> list[str]:
        if self.lanes.members:
            return []
        width = self.lanes.width
        groups = f"(right - left + {width - 1}) // {width}"
        what = groups if self.lanes.columns else f"plans[{plan}, 1]"
        return [
            "    if N0 > 1:",
            f"        for i in range({count}):",
            "            place = columns[i].ctypes.data",
            f"            transform(plans[{plan}, 0], {what}, place, place)",
        ]

    def _named(self, formula: Callable[..., Any] | None, skip: int = 0) -> set[str]:
        """Return what a formula takes by name."""
        return set() if formula is None else {*parameters(formula)[skip:]}

    def _spectral_call(self, formula: Callable[..., Any], skip: int, var: str) -> str:
        """Arguments that a formula in Fourier space takes by name."""
        call = []
        for name in parameters(formula)[skip:]:
            if name in self.variables:
                call.append(f"{var}{self.variables.index(name)}")
            elif name in self.names.symbols:
                call.append(f"x_{name}")
            else:
                call.append(f"c_{name}")
        return ", ".join(call)

    def _state(self, name: str, c: int, rows: Rows) -> str:
        """Return the expression of a mode of a state array."""
        return rows.at(f"a_{name}", c, "r0", "r1")

    def _column(self, i: int, rows: Rows) -> str:
        """Return the expression of a mode in the bundle."""
        return rows.at("columns", i, "f0", first="left")

    def _feed(self, rows: Rows) -> list[str]:
        """Write what is transformed back, for the argument in ``w0``, ``w1``, and so on."""
        lines = []
        if self.names.mask:
            mask = rows.at("mask", "r0", "r1")
            lines += [f"w{c} = {mask} * w{c}" for c in range(self.count)]
        targets = [self._column(i, rows) for i in range(self.rhs.inputs)]
        if self.split is None:
            return lines + [f"{t} = w{i}" for i, t in enumerate(targets)]
        call = self._spectral_call(self.split, 0, "w")
        return [*lines, f"{', '.join(targets)} = split({call})"]

    def prepare(self) -> str:
        """Hand the state over as the first argument."""
        rows = Rows(self.rhs.grid.ndim)
        body = [f"w{c} = {self._state('v', c, rows)}" for c in range(self.count)]
        body += self._feed(rows)
        return self._columns(
            "prepare", rows, body, forward=False, feeds=True,
            symbols=self._named(self.split),
        )  # fmt: skip

    def stage(self, number: int, stage: Stage, *, is_last: bool) -> str:
        """One stage: N from what was transformed, the formula, what to transform next."""
        rows, new_state = Rows(self.rhs.grid.ndim), is_last and "v" in stage.into
        body = self._nonlinear(number, rows) if "n" in stage.takes else []
        for c in range(self.count):
            call = ", ".join(self._taken(name, c, rows) for name in stage.takes)
            argument = ("w", "v") if is_last else ("w",)
            outs = ", ".join(
                f"w{c}" if name in argument else self._state(name, c, rows)
                for name in stage.into
            )
            body.append(f"{outs} = stage_formula_{number}({call})")
            if new_state:
                body.append(f"{self._state('v', c, rows)} = w{c}")
            if "w" in stage.into and "argument" in self.names.arrays:
                body.append(f"{self._state('argument', c, rows)} = w{c}")
        feeds = self.rhs.has_products and ("w" in stage.into or new_state)
        symbols = self._named(self.assemble, self.rhs.outputs)
        if feeds:
            body += self._feed(rows)
            symbols |= self._named(self.split)
        return self._columns(
            f"stage_{number}", rows, body, forward=self.rhs.has_products, feeds=feeds,
            symbols=symbols,
        )  # fmt: skip

    def _taken(self, name: str, c: int, rows: Rows) -> str:
        """Return the expression of what a stage's formula calls ``name``."""
        if name == "n":
            return f"n{c}"
        if name in self.names.weights:
            return self.names.weights[name].index(f"m_{name}", c, rows)
        return self._state(name, c, rows)

    def _nonlinear(self, number: int, rows: Rows) -> list[str]:
        """Form N of every variable in ``n0``, ``n1``, and so on."""
        every = range(self.count)
        if self.rhs.is_linear:
            lines = [f"n{c} = 0j" for c in every]
        elif self.assemble is None:
            lines = [f"n{c} = {self._column(c, rows)}" for c in every]
        else:
            outputs = range(self.rhs.outputs)
            lines = [f"y{i} = {self._column(i, rows)}" for i in outputs]
            if "argument" in self.names.arrays:
                place = "v" if number == 0 else "argument"
                lines += [f"u{c} = {self._state(place, c, rows)}" for c in every]
            call = [f"y{i}" for i in outputs]
            rest = self._spectral_call(self.assemble, self.rhs.outputs, "u")
            targets = ", ".join(f"n{c}" for c in every)
            lines.append(f"{targets} = assemble({', '.join(filter(None, [*call, rest]))})")
        if self.names.mask and not self.rhs.is_linear:
            mask = rows.at("mask", "r0", "r1")
            lines += [f"n{c} = {mask} * n{c}" for c in every]
        if self.names.source:
            source = [rows.at("source", c, "r0", "r1") for c in every]
            lines += [f"n{c} = n{c} + {source[c]}" for c in every]
        return lines
