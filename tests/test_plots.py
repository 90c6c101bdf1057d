"""Figures show the data they claim to show, for every kind of result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.errors import UnknownName
from pdekit.grid import Axis, Grid
from pdekit.plots import AT_REST, FIGURES, figures, movie, save_figures
from pdekit.plots._fields import coarsened, drift, edges, in_words, some_frames, symbol
from pdekit.plots._style import encode, fitted, short
from pdekit.result import Result

L, N, T = 40.0, 128, 9
GRID = Grid.periodic(N, (-L / 2, L / 2))
TIMES = np.linspace(0.0, 4.0, T)


def soliton(amplitude: float, velocity: float, grid: Grid = GRID) -> np.ndarray:
    """A sech(A(x − vt)) exp(i(vx + (A² − v²)t/2)), frame by frame."""
    (x,) = grid.points()
    t = TIMES[:, None]
    envelope = amplitude / np.cosh(amplitude * (x - velocity * t))
    return envelope * np.exp(1j * (velocity * x + (amplitude**2 - velocity**2) * t / 2))


def result_of(grid: Grid = GRID, times: np.ndarray = TIMES, **changes: Any) -> Result:
    """A soliton with made-up invariants, unless told otherwise."""
    settings: dict[str, Any] = {
        "fields": {"psi": soliton(1.0, 0.5)},
        "summary": {
            "status": "ok",
            "errors": {"relative_l2": 3.1e-9, "reference": "exact"},
        },
        "case": {"title": "One soliton"},
    }
    return Result(grid, times, **{**settings, **changes})


def texts(figure: Any) -> str:
    """Everything written on a figure, in one string."""
    from matplotlib.text import Text

    return "\n".join(t.get_text() for t in figure.findobj(Text))


def is_png(path: Path) -> bool:
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


# -- what is drawn equals the data ---------------------------------------------------------


def test_spacetime_shows_the_modulus_over_x_and_t() -> None:
    result = result_of()
    figure = figures(result, ["spacetime"])["spacetime"]
    ax = figure.axes[0]
    (image,) = ax.get_images()
    shown = np.asarray(image.get_array())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x$", "$t$")
    assert ax.get_xlim() == (-L / 2, L / 2)
    assert ax.get_ylim() == (0.0, 4.0)
    np.testing.assert_allclose(shown[:, :N], np.abs(result.fields["psi"]))
    np.testing.assert_array_equal(shown[:, N], shown[:, 0])  # the period is closed
    assert image.get_clim() == (0.0, pytest.approx(np.abs(result.fields["psi"]).max()))
    assert figure.axes[-1].get_ylabel() == r"$|\psi|$"  # of the colour bar


def test_uneven_frames_keep_their_times() -> None:
    times = np.array([0.0, 0.1, 0.2, 2.0, 4.0])
    figure = figures(result_of(times=times, fields={"psi": soliton(1, 0)[:5]}), "spacetime")
    (image,) = figure["spacetime"].axes[0].get_images()
    # the cell of t = 2 reaches from halfway to its neighbours: 1.1 to 3
    np.testing.assert_allclose(image._Ay, [-0.05, 0.05, 0.15, 1.1, 3.0, 5.0])


def test_a_signed_field_gets_a_symmetric_colour_range() -> None:
    field = np.cos(2 * np.pi * GRID.points()[0] / L) * np.ones((T, 1)) - 0.5
    figure = figures(result_of(fields={"u": field}), ["spacetime"])["spacetime"]
    (image,) = figure.axes[0].get_images()
    assert image.get_clim() == (-1.5, 1.5)
    assert image.get_cmap().name.startswith("RdBu")


def test_drift_is_the_change_over_the_scale_of_the_summary() -> None:
    mass = np.array([4.0, 4.0, 4.0 + 4e-12, 4.0 - 2e-12, *[4.0] * (T - 4)])
    momentum = np.linspace(0.0, 1e-9, T)  # starts at zero: its scale is not |P(0)|
    invariants = {
        "mass": {"initial": 4.0, "drift": 1e-12},
        "momentum": {"initial": 0.0, "drift": 2.5e-10},  # scale 4, the mass
        "unrecorded": {"initial": 1.0, "drift": 0.0},
    }
    result = result_of(
        diagnostics={"mass": mass, "momentum": momentum},
        summary={"invariants": invariants},
    )
    np.testing.assert_allclose(drift(result, "momentum")[:, 0], momentum / 4)
    figure = figures(result, ["invariants"])["invariants"]
    lines = {line.get_label().split()[0]: line for line in figure.axes[0].lines}
    assert {"mass", "momentum"} <= set(lines)
    eps = np.finfo(float).eps
    expected = np.maximum(np.abs(mass - 4.0) / 4, eps)[1:]
    np.testing.assert_allclose(lines["mass"].get_ydata(), expected, rtol=1e-3)
    np.testing.assert_array_equal(lines["mass"].get_xdata(), TIMES[1:])
    np.testing.assert_allclose(lines["momentum"].get_ydata(), momentum[1:] / 4)
    assert figure.axes[0].get_yscale() == "log"
    assert "1.0×10⁻¹²" in texts(figure)


def test_a_plane_wave_is_one_line_of_the_spectrum() -> None:
    (x,) = GRID.points()
    m = 5
    wave = np.exp(2j * np.pi * m * x / L) * np.ones((T, 1))
    figure = figures(result_of(fields={"psi": wave}), ["spectrum"])["spectrum"]
    line = figure.axes[0].lines[0]
    k, amplitude = line.get_xdata(), line.get_ydata()
    assert np.all(np.diff(k) > 0)
    peak = int(np.nanargmax(amplitude))
    assert k[peak] == pytest.approx(2 * np.pi * m / L)
    assert amplitude[peak] == pytest.approx(1.0)
    assert np.nanmax(np.delete(amplitude, peak)) < 1e-14


def test_the_spectrum_states_its_tail() -> None:
    (x,) = GRID.points()
    high = 0.95 * N / 2  # beyond 0.9 of the largest wavenumber
    field = (1 + 1e-3 * np.exp(2j * np.pi * round(high) * x / L)) * np.ones((T, 1))
    figure = figures(result_of(fields={"psi": field}), ["spectrum"])["spectrum"]
    assert texts(figure).count("τ = 0.001") + texts(figure).count("τ = 1.0×10⁻³") == 3
    figure = figures(result_of(fields={"u": field.real.copy()}), ["spectrum"])["spectrum"]
    assert figure.axes[0].lines[0].get_xdata().min() == 0.0  # real: half of the spectrum


def test_the_profile_carries_the_reference_and_its_error() -> None:
    exact = soliton(1.0, 0.5)
    computed = exact + 1e-6
    result = result_of(
        fields={"psi": computed}, reference={"psi": exact[4]}, reference_time=TIMES[4]
    )
    figure = figures(result, ["profile"])["profile"]
    top, bottom = figure.axes
    labels = [line.get_label() for line in top.lines]
    assert labels[:4] == [r"$|\psi|$", r"Re $\psi$", r"Im $\psi$", "reference"]
    np.testing.assert_allclose(top.lines[1].get_ydata()[:N], computed[4].real)
    np.testing.assert_allclose(top.lines[3].get_ydata()[:N], np.abs(exact[4]))
    np.testing.assert_allclose(bottom.lines[0].get_ydata(), 1e-6)
    assert bottom.get_yscale() == "log"
    assert "t = 2" in top.get_ylabel()


def test_without_a_reference_the_last_finite_state_is_drawn() -> None:
    psi = soliton(1.0, 0.5)
    psi[-2:] = np.nan
    figure = figures(result_of(fields={"psi": psi}), ["profile"])["profile"]
    (ax,) = figure.axes
    np.testing.assert_allclose(ax.lines[0].get_ydata()[:N], np.abs(psi[-3]))


def test_the_phase_portrait_leaves_out_what_is_below_one_percent() -> None:
    psi = soliton(1.0, 0.5)
    figure = figures(result_of(fields={"psi": psi}), ["phase"])["phase"]
    (points,) = figure.axes[0].collections
    middle = psi[T // 2]
    kept = middle[np.abs(middle) > 0.01 * np.abs(middle).max()]
    np.testing.assert_allclose(points.get_offsets(), np.c_[kept.real, kept.imag])
    assert 0 < len(kept) < N


def test_diagnostics_show_the_peak_and_every_recorded_series() -> None:
    shannon = np.linspace(2.0, 3.0, T)
    tail = 10.0 ** np.linspace(-15, -9, T)
    result = result_of(
        diagnostics={"shannon": shannon, "renyi_2": shannon / 2, "spectral_tail": tail}
    )
    figure = figures(result, ["diagnostics"])["diagnostics"]
    drawn = [line.get_ydata() for ax in figure.axes for line in ax.lines]
    for series in (np.abs(result.fields["psi"]).max(axis=1), shannon, shannon / 2, tail):
        assert any(np.allclose(series, line) for line in drawn if len(line) == T)
    logs = [ax for ax in figure.axes if ax.get_yscale() == "log"]
    assert [ax.get_title("left") for ax in logs] == ["spectral tail"]


# -- kinds of results ----------------------------------------------------------------------


def ensemble() -> Result:
    psi = np.stack([soliton(a, 0.5) for a in (1.0, 1.2, 0.8)], axis=1)
    mass = 2.0 + np.outer(np.arange(T), [1e-14, 3e-14, 2e-14])
    return result_of(
        fields={"psi": psi},
        diagnostics={"mass": mass},
        reference={"psi": psi[-1]},
        summary={"invariants": {"mass": {"initial": 2.0, "drift": 1.2e-13}}},
    )


def test_an_ensemble_shows_member_0_and_the_mean() -> None:
    result = ensemble()
    psi = result.fields["psi"]
    maps = figures(result, ["spacetime"])["spacetime"].axes[:2]
    first, mean = (np.asarray(ax.get_images()[0].get_array())[:, :N] for ax in maps)
    np.testing.assert_allclose(first, np.abs(psi[:, 0]))
    np.testing.assert_allclose(mean, np.abs(psi).mean(axis=1))
    figure = figures(result, ["invariants"])["invariants"]
    assert "worst member" in texts(figure)
    assert "member 0 of 3" in texts(figure)
    assert set(figures(result)) == set(FIGURES) - {*AT_REST, "snapshots", "growth"}


def test_that_a_member_is_shown_is_said_before_a_long_statement_of_accuracy() -> None:
    result = ensemble()
    result.summary["errors"] = {"error_estimate": 1e-3, "estimator": "a long name " * 20}
    for name, figure in figures(result).items():
        (line,) = [t for t in texts(figure).split("\n") if "member 0 of 3" in t]
        assert line.index("member") < line.index("error estimate"), name
        assert line.endswith("…")


def unstable_wave(**changes: Any) -> Result:
    """Exact linear growth of three modes out of small noise on a plane wave."""
    grid = Grid.periodic(64, (-10 * np.pi, 10 * np.pi))
    times, (x,) = np.linspace(0, 14, 141), grid.points()
    psi = np.ones((len(times), grid.size), complex)
    for mode in (8, 10, 14):
        k = 0.1 * mode
        rate = k * np.sqrt(1 - k**2 / 4)
        # the growing solution of  i wₜ = −w_xx/2 − w − w*  has the phase atan(σ / (k²/2))
        direction = k**2 / 2 + 1j * rate
        psi += 1e-8 * direction * np.exp(rate * times[:, None]) * np.cos(k * x)
    case = {"title": "waves", "equation": {"name": "nlse"}}
    return result_of(grid, times, fields={"psi": psi}, case=case, **changes)


def test_growth_is_drawn_on_linear_theory() -> None:
    ax = figures(unstable_wave(), ["growth"])["growth"].axes[0]
    theory, measured = ax.get_lines()
    k, rates = measured.get_data()
    found = dict(zip(np.round(k, 6), rates, strict=True))
    for wavenumber in (0.8, 1.0, 1.4):
        expected = wavenumber * np.sqrt(1 - wavenumber**2 / 4)
        assert found[wavenumber] == pytest.approx(expected, abs=1e-6)
    assert theory.get_ydata().max() == pytest.approx(1.0, abs=1e-3)  # the amplitude squared


def test_no_growth_without_theory_or_without_a_flat_start() -> None:
    assert "growth" not in figures(result_of())
    unknown = unstable_wave()
    unknown.case["equation"] = {"name": "no such equation"}
    assert figures(unknown, ["growth"]) == {}


def test_modes_whose_growth_is_not_steady_are_not_drawn() -> None:
    result = unstable_wave()
    t = result.times[:, None]
    result.fields["psi"] = 1 + (result.fields["psi"] - 1) * np.exp(np.sin(2 * t))
    assert figures(result, ["growth"]) == {}


def test_names_are_spelt_as_one_writes_them() -> None:
    assert in_words("renyi_entropy_inf") == "Rényi entropy ∞"
    assert in_words("i4") == "I₄"


def test_a_long_title_is_set_smaller_before_it_is_cut() -> None:
    from pdekit.plots.spacetime import spacetime

    title = "Akhmediev breather grows out of a plane wave and returns"
    assert title in texts(spacetime(result_of(case={"title": title})))


def test_an_error_of_one_size_spans_two_powers_of_ten() -> None:
    from pdekit.plots.profile import profile

    psi = soliton(1.0, 0.5)
    drawn = profile(result_of(reference={"psi": psi[-1] + 3e-9}, reference_time=TIMES[-1]))
    assert drawn is not None
    assert drawn.axes[1].get_ylim() == (1e-9, 1e-8)


def test_two_components_get_one_panel_each() -> None:
    u, v = 0.6 * soliton(1.0, 0.5), 0.8j * soliton(1.0, 0.5)
    result = result_of(fields={"u": u, "v": v}, reference={"u": u[-1], "v": v[-1]})
    drawn = figures(result)
    maps = [ax for ax in drawn["spacetime"].axes if ax.get_images()]
    for ax, field in zip(maps, (u, v), strict=True):
        shown = np.asarray(ax.get_images()[0].get_array())
        np.testing.assert_allclose(shown[:, :N], np.abs(field))
    assert len(drawn["profile"].axes) == 4
    assert len(drawn["spectrum"].axes) == 2


def hard_results() -> dict[str, Result]:
    infinite = soliton(1.0, 0.5)
    infinite[0, 3], infinite[-1] = np.inf, np.nan
    (x,) = Grid.periodic(8, (0, 1)).points()
    (fine,) = Grid.periodic(16384, (-L / 2, L / 2)).points()
    dark = np.tanh(fine - 5) * np.tanh(-fine - 5) * np.exp(-1j * TIMES[:, None])
    walls = Grid((Axis("x", 33, -1.0, 1.0, "chebyshev"),))
    zero = {"mass": {"initial": 0.0, "drift": 0.0}}
    return {
        "not finite": result_of(
            fields={"psi": infinite},
            diagnostics={"mass": np.r_[1.0, np.full(T - 1, np.inf)]},
            summary={
                "status": "diverged",
                "errors": {"relative_l2": float("nan")},
                "invariants": {"mass": {"initial": 1.0, "drift": float("inf")}},
            },
        ),
        "nothing finite": result_of(fields={"psi": np.full((T, N), np.nan + 0j)}),
        "zero": result_of(
            fields={"psi": np.zeros((T, N), complex)},
            diagnostics={"mass": np.zeros(T)},
            summary={"invariants": zero},
        ),
        "two frames of eight points": result_of(
            Grid.periodic(8, (0, 1)),
            np.array([0.0, 1e-6]),
            fields={"psi": np.exp(2j * np.pi * x) * np.ones((2, 1))},
        ),
        "one frame": result_of(times=TIMES[:1], fields={"psi": soliton(1, 0)[:1]}),
        "dark, fine": result_of(
            Grid.periodic(16384, (-L / 2, L / 2)), fields={"psi": dark}
        ),
        "real": result_of(fields={"u": soliton(1.0, 0.5).real.copy()}),
        "walls": result_of(
            walls, fields={"u": np.outer(1 + TIMES, 1 - walls.points()[0] ** 2)}
        ),
        "no summary": result_of(summary={}, case={}),
    }


@pytest.mark.parametrize("kind", hard_results())
def test_every_kind_of_result_can_be_drawn(kind: str, tmp_path: Path) -> None:
    paths = save_figures(hard_results()[kind], tmp_path)
    assert paths
    assert all(is_png(path) for path in paths)


def test_an_empty_result_has_no_figures(tmp_path: Path) -> None:
    empty = result_of(times=TIMES[:0], fields={"psi": soliton(1, 0)[:0]})
    assert save_figures(empty, tmp_path / "figures") == []


# -- captions, names and files -------------------------------------------------------------


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (
            {"errors": {"relative_l2": 3.1e-9, "reference": "exact n_soliton"}},
            "relative L² error 3.1×10⁻⁹ against exact n_soliton",
        ),
        (
            {"errors": {"error_estimate": 4e-9, "estimator": "halved step"}},
            "error estimate 4.0×10⁻⁹ (halved step)",
        ),
        ({"errors": {}}, "no accuracy stated"),
        (
            {"status": "not_converged", "errors": {"relative_l2": 0.5}},
            "not converged · relative L² error 0.5",
        ),
    ],
)
def test_the_caption_states_title_and_accuracy(summary: Any, expected: str) -> None:
    figure = figures(result_of(summary=summary), ["phase"])["phase"]
    assert {"One soliton", expected} <= set(texts(figure).splitlines())


def test_any_title_is_printed_as_it_is(tmp_path: Path) -> None:
    title = "$x_{ costs $5\n\\frac 日本 " + "long " * 50
    (path,) = save_figures(result_of(case={"title": title}), tmp_path, ["phase"])
    assert is_png(path)


def test_unknown_figures_are_refused_with_near_misses() -> None:
    with pytest.raises(UnknownName, match="spectrum"):
        figures(result_of(), ["spectrun"])


def test_names_select_and_order_the_figures(tmp_path: Path) -> None:
    assert list(figures(result_of(), ["phase", "spectrum", "phase"])) == [
        "phase",
        "spectrum",
    ]
    paths = save_figures(result_of(), tmp_path, ["phase"], formats=("png", "pdf"))
    assert [p.name for p in paths] == ["phase.png", "phase.pdf"]
    assert paths[1].read_bytes().startswith(b"%PDF")
    assert save_figures(result_of(), tmp_path, "none") == []


def test_the_same_result_gives_the_same_bytes() -> None:
    first, second = (encode(figures(result_of(), ["profile"])["profile"]) for _ in "ab")
    assert first == second


def test_the_users_matplotlib_settings_are_left_alone() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures(result_of(), ["profile"])
    assert dict(matplotlib.rcParams) == before


def test_neither_import_loads_matplotlib_and_drawing_does_not_load_pyplot() -> None:
    code = """
import sys, numpy as np, pdekit.plots
assert "matplotlib" not in sys.modules
from pdekit.grid import Grid
from pdekit.result import Result
result = Result(Grid.periodic(8, (0, 1)), np.arange(3.0), {"psi": np.ones((3, 8), complex)})
assert pdekit.plots.save_figures(result, "figures")
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_movie_has_every_frame(tmp_path: Path) -> None:
    from PIL import Image

    path = movie(result_of(), tmp_path / "movie.gif")
    assert path is not None
    with Image.open(path) as picture:
        assert picture.n_frames == T
        frames = []
        for frame in (0, T - 1):
            picture.seek(frame)
            frames.append(np.asarray(picture.convert("RGB"), dtype=int))
    assert np.abs(frames[0] - frames[1]).max() > 50
    assert (
        movie(result_of(times=TIMES[:1], fields={"psi": soliton(1, 0)[:1]}), path) is None
    )


# -- small parts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.14e-9, "3.1×10⁻⁹"), (0.0, "0"), (12.3, "12"), (0.5, "0.5"), (-2.5e6, "-2.5×10⁶")],
)
def test_short_numbers(value: float, text: str) -> None:
    assert short(value) == text


def test_short_of_what_is_not_finite() -> None:
    assert [short(v) for v in (float("inf"), float("-inf"), float("nan"))] == [
        "∞",
        "−∞",
        "not a number",
    ]


def test_fitted_text_is_one_line_within_its_room() -> None:
    assert fitted("a\n b\tc", 10) == "a b c"
    assert fitted("word " * 9, 10) == "word word…"


def test_symbols_are_safe_mathematics() -> None:
    assert [symbol(n) for n in ("psi", "u", "u_1", "$\\input", "")] == [
        r"\psi",
        "u",
        r"\mathrm{u\_1}",
        r"\mathrm{input}",
        "u",
    ]


def test_coarsening_keeps_the_integral() -> None:
    rng = np.random.default_rng(0)
    values, borders = rng.random((3, 1000)), edges(np.arange(1000.0))
    cells, coarse = coarsened(values, borders, limit=300)
    assert cells.shape == (3, 250)
    assert (coarse[0], coarse[-1]) == (borders[0], borders[-1])
    np.testing.assert_allclose(
        (cells * np.diff(coarse)).sum(axis=1), (values * np.diff(borders)).sum(axis=1)
    )
    ragged, coarse = coarsened(values[:, :301], borders[:302], limit=300)
    assert ragged.shape == (3, 151)
    np.testing.assert_allclose((ragged * np.diff(coarse)).sum(1), values[:, :301].sum(1))


def test_edges_lie_between_the_points() -> None:
    np.testing.assert_allclose(edges(np.array([0.0, 1.0, 3.0])), [-0.5, 0.5, 2.0, 4.0])


@pytest.mark.parametrize("count", [1, 2, 3, 10, 1001])
def test_chosen_frames_are_distinct_and_include_both_ends(count: int) -> None:
    frames = some_frames(count)
    assert frames == sorted(set(frames))
    assert (frames[0], frames[-1], len(frames)) == (0, count - 1, min(count, 3))
