"""Frequencies of data against those they were made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdekit.gp.periodogram import Peaks, peaks
from pdekit.gp.span import Span

SPAN = Span("x", 400, 0.0, 2 * np.pi)


@settings(max_examples=40, deadline=None)
@given(mu=st.floats(2.0, 28.0), phase=st.floats(0, 6.28), offset=st.floats(-100, 100))
def test_one_frequency_is_found_wherever_it_lies(
    mu: float, phase: float, offset: float
) -> None:
    span = Span("x", 400, offset, offset + 2 * np.pi)
    found = peaks(np.sin(2 * np.pi * mu * span.nodes + phase), span).strongest(1)
    assert found.frequencies[0] == pytest.approx(mu, abs=0.02 / span.length)


def test_powers_are_those_of_the_amplitudes() -> None:
    x = SPAN.nodes
    found = peaks(np.sin(100 * x) + 1e-3 * np.sin(40 * x), SPAN)
    np.testing.assert_allclose(2 * np.pi * found.frequencies, [40, 100], rtol=1e-4)
    np.testing.assert_allclose(found.powers, [1e-6, 1.0], rtol=0.05)


def test_side_lobes_are_no_peaks() -> None:
    assert len(peaks(np.sin(83.3 * SPAN.nodes), SPAN)) == 1


def test_a_beat_has_two_frequencies() -> None:
    found = peaks(np.sin(6 * SPAN.nodes) * np.cos(100 * SPAN.nodes), SPAN)
    np.testing.assert_allclose(2 * np.pi * found.frequencies, [94, 106], rtol=1e-3)


def test_on_a_periodic_axis_frequencies_are_exact_multiples() -> None:
    span = Span("x", 64, 1.0, 3.0, periodic=True)
    found = peaks(np.cos(2 * np.pi * 5 * span.nodes / 2) + 3, span)
    np.testing.assert_allclose(found.frequencies, [2.5])


def test_lines_along_other_axes_are_averaged() -> None:
    span = Span("x", 100, 0.0, 1.0)
    y = np.linspace(0, 1, 7)[:, None]
    found = peaks(y * np.sin(2 * np.pi * 10 * span.nodes), span, 1)
    again = peaks((y * np.sin(2 * np.pi * 10 * span.nodes)).T, span, 0)
    assert found.frequencies == pytest.approx([10], abs=0.1)
    np.testing.assert_allclose(found.frequencies, again.frequencies)


def test_nothing_has_no_peaks() -> None:
    assert len(peaks(np.zeros(SPAN.n), SPAN)) == 0


def test_of_two_peaks_that_are_close_the_stronger_stays() -> None:
    a = Peaks(np.array([1.0, 5.0]), np.array([0.1, 1.0]))
    b = Peaks(np.array([1.1, 9.0]), np.array([0.2, 0.3]))
    merged = a.merged(b, 0.5)
    np.testing.assert_allclose(merged.frequencies, [1.1, 5.0, 9.0])
    np.testing.assert_allclose(merged.strongest(2).frequencies, [5.0, 9.0])
    np.testing.assert_allclose(merged.above(5.0).frequencies, [9.0])
