"""How the complex numbers of a group of lines lie in memory."""

from __future__ import annotations

from typing import Any, Protocol

from pdekit.lanes._vector import WORD, Complex, Function, Vector


class View(Protocol):
    """Numbers of all lines of a group, by their place on the line."""

    def offset(self, index: int) -> int:
        """Return how many reals after the first number one lies."""
        ...

    def moved(self, offset: Any) -> View:
        """Return the view that begins so many reals later."""
        ...

    def load(self, index: int) -> Complex:
        """Read a number of every line."""
        ...

    def store(self, index: int, z: Complex) -> None:
        """Write a number of every line."""
        ...


class Split:
    """Real parts of all lines, then imaginary parts, number after number.

    So lie the numbers between the passes, and, where  zⱼ = x₂ⱼ + i x₂ⱼ₊₁,  real lines.
    ``align`` is what their addresses are known to be multiples of.
    """

    def __init__(self, f: Function, base: Any, align: int = 64) -> None:
        self.f, self.base, self.align = f, base, align

    def offset(self, index: int) -> int:
        """Return how many reals after the first number one lies."""
        return 2 * self.f.lanes * index

    def moved(self, offset: Any) -> Split:
        """Return the view that begins so many reals later."""
        return Split(self.f, self.f.at(self.base, offset), self.align)

    def load(self, index: int) -> Complex:
        """Read a number of every line."""
        f, place = self.f, self._at(index)
        re, im = (f.load(f.at(place, i * f.lanes), self.align) for i in range(2))
        return Complex(Vector(f, re), Vector(f, im))

    def store(self, index: int, z: Complex) -> None:
        """Write a number of every line."""
        f, place = self.f, self._at(index)
        f.store(z.re.value, place, self.align)
        f.store(z.im.value, f.at(place, f.lanes), self.align)

    def _at(self, index: int) -> Any:
        return self.f.at(self.base, WORD(self.offset(index)))


class Interleaved:
    """Complex numbers as everybody has them, the lines side by side.

    ``stride`` complex numbers lie between a number of a line and the next one.
    """

    def __init__(self, f: Function, base: Any, stride: int) -> None:
        self.f, self.base, self.stride = f, base, stride

    def offset(self, index: int) -> int:
        """Return how many reals after the first number one lies."""
        return 2 * self.stride * index

    def moved(self, offset: Any) -> Interleaved:
        """Return the view that begins so many reals later."""
        return Interleaved(self.f, self.f.at(self.base, offset), self.stride)

    def load(self, index: int) -> Complex:
        """Read a number of every line."""
        f, place = self.f, self._at(index)
        a, b = (f.load(f.at(place, i * f.lanes), 8) for i in range(2))
        re, im = (f.shuffled(a, b, range(i, 2 * f.lanes, 2)) for i in range(2))
        return Complex(Vector(f, re), Vector(f, im))

    def store(self, index: int, z: Complex) -> None:
        """Write a number of every line."""
        f, place = self.f, self._at(index)
        pairs = [lane for i in range(f.lanes) for lane in (i, f.lanes + i)]
        for i in range(2):
            picks = pairs[i * f.lanes : (i + 1) * f.lanes]
            both = f.shuffled(z.re.value, z.im.value, picks)
            f.store(both, f.at(place, i * f.lanes), 8)

    def _at(self, index: int) -> Any:
        return self.f.at(self.base, WORD(self.offset(index)))
