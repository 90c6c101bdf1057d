"""Figures and movies of fields in two and three dimensions show the data."""

from __future__ import annotations

import shutil
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.grid import Axis, Grid
from pdekit.plots import FIGURES, figures, in_order, movie, save_figures
from pdekit.plots import movie as movie_function
from pdekit.plots._colour import extremes, scale
from pdekit.plots._scalars import planes, scalars, telling_frames
from pdekit.plots._style import legend_columns
from pdekit.plots._ticks import in_pi, pi_ticks, place
from pdekit.plots.shells import dealiasing_cut
from pdekit.plots.snapshots import strongest, telling_index
from pdekit.result import Result

TWO_PI = 2 * np.pi
TIMES = np.linspace(0.0, 2.0, 11)
SQUARE = Grid.periodic((16, 12), ((0, TWO_PI), (0, TWO_PI)))
CUBE = Grid.periodic((16, 12, 10), (0, TWO_PI))


def waves(grid: Grid, times: np.ndarray = TIMES) -> np.ndarray:
    """cos(x − t) sin(2y) [cos z], signed and as fast at all times."""
    x, y, *z = grid.points()
    shape = (-1,) + (1,) * grid.ndim
    wave = np.cos(x - times.reshape(shape)) * np.sin(2 * y)
    return wave * np.cos(z[0]) if z else wave


def result_of(grid: Grid, fields: dict[str, np.ndarray], **changes: Any) -> Result:
    times = changes.pop("times", TIMES)
    return Result(grid, times, fields, **{"case": {"title": "waves"}, **changes})


def texts(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [t.get_text() for t in figure.findobj(Text) if t.get_text()]


def images(figure: Any) -> list[Any]:
    return [image for ax in figure.axes for image in ax.get_images()]


def clean(image: Any, shape: tuple[int, int]) -> np.ndarray:
    """What an image shows, without the row and column that close the periods."""
    return np.asarray(image.get_array())[: shape[1], : shape[0]].T


# -- snapshots -----------------------------------------------------------------------------


def test_vorticity_is_shown_at_six_times_on_one_signed_scale() -> None:
    omega = waves(SQUARE) * np.linspace(3.0, 1.0, len(TIMES))[:, None, None]
    figure = figures(result_of(SQUARE, {"omega": omega}), ["snapshots"])["snapshots"]
    figure.canvas.draw()
    drawn = images(figure)
    assert len(drawn) == 6
    times = [float(t.removeprefix("t = ")) for t in texts(figure) if t.startswith("t = ")]
    assert (times[0], times[-1], sorted(set(times))) == (0.0, 2.0, times)
    reach = max(np.abs(omega[np.searchsorted(TIMES, t - 1e-9)]).max() for t in times)
    for image, time in zip(drawn, times, strict=True):
        frame = int(np.abs(TIMES - time).argmin())
        np.testing.assert_allclose(clean(image, SQUARE.shape), omega[frame])
        assert image.get_clim() == pytest.approx((-reach, reach))
        assert image.get_cmap().name.startswith("RdBu")
    whole = np.asarray(drawn[0].get_array())  # the periods are closed
    np.testing.assert_array_equal(whole[-1], whole[0])
    np.testing.assert_array_equal(whole[:, -1], whole[:, 0])
    assert r"$\omega$" in texts(figure)
    assert "π/2" in texts(figure)


def test_a_modulus_and_a_concentration_get_a_sequential_scale() -> None:
    u = 0.5 + 0.4 * waves(SQUARE)
    psi = waves(SQUARE) * np.exp(1j * TIMES[:, None, None])
    figure = figures(result_of(SQUARE, {"u": u, "psi": psi}), ["snapshots"])["snapshots"]
    drawn = images(figure)
    assert len(drawn) == 9  # three times of u, |psi| and arg psi
    first, last = drawn[0], drawn[5]
    np.testing.assert_allclose(clean(last, SQUARE.shape), np.abs(psi[-1]))
    assert first.get_cmap().name == last.get_cmap().name == "magma"
    assert first.get_clim()[0] > 0.0
    assert last.get_clim()[0] == 0.0


def test_the_phase_of_a_complex_field_leaps_without_colours_in_between() -> None:
    x, y = SQUARE.points()
    turns = np.exp(1j * (2 * x + y)) * np.exp(-1j * TIMES[:, None, None])
    figure = figures(result_of(SQUARE, {"psi": turns}), ["snapshots"])["snapshots"]
    phases = images(figure)[3:]
    assert len(phases) == 3
    assert r"$\arg\,\psi$" in texts(figure)
    assert {"−π", "0", "π"} <= set(texts(figure))
    for image, time in zip(phases, (TIMES[0], None, TIMES[-1]), strict=True):
        assert image.get_clim() == pytest.approx((-np.pi, np.pi))
        assert image.get_interpolation() == "nearest"
        ends = image.get_cmap()([0.0, 1.0])
        assert np.abs(ends[0] - ends[1]).max() < 0.02  # one colour for both ends
        if time is not None:
            shown = np.asarray(image.get_array())
            n, m = shown.shape
            fx, fy = (np.linspace(0, 2 * np.pi, k) for k in (m, n))
            wanted = np.exp(1j * (2 * fx + fy[:, None] - time))
            np.testing.assert_allclose(np.exp(1j * shown), wanted, atol=1e-10)


def test_a_phase_is_left_out_where_there_is_nothing() -> None:
    x, y = SQUARE.points()
    cloud = (1 + np.cos(x)) * (1 + np.cos(y)) / 4 + 0j
    psi = np.broadcast_to(cloud, (len(TIMES), *SQUARE.shape))
    figure = figures(result_of(SQUARE, {"psi": psi}), ["snapshots"])["snapshots"]
    shown = np.ma.asarray(images(figure)[-1].get_array())
    n, m = shown.shape
    fx, fy = (np.cos(np.linspace(0, 2 * np.pi, k)) for k in (m, n))
    size = (1 + fx) * (1 + fy[:, None]) / 4
    mask = np.ma.getmaskarray(shown)
    assert mask[size < 0.009].all()
    assert not mask[size > 0.011].any()


@pytest.mark.parametrize("lengths", [(8.0, 1.0), (1.0, 8.0), (2.0, 3.0)])
def test_panels_are_true_to_scale(lengths: tuple[float, float]) -> None:
    grid = Grid.periodic((16, 12), ((0, lengths[0]), (0, lengths[1])))
    figure = figures(result_of(grid, {"u": waves(grid)}), ["snapshots"])["snapshots"]
    width, height = figure.get_size_inches()
    for ax in figure.axes:
        if ax.get_images():
            box = ax.get_position()
            ratio = (box.height * height) / (box.width * width)
            assert ratio == pytest.approx(lengths[1] / lengths[0])
            assert box.x0 >= 0
            assert box.x1 <= 1
            assert box.y1 <= 1


def test_three_planes_and_the_strongest_values_of_a_box() -> None:
    rho = waves(CUBE) + 1.5
    times = TIMES[:2]
    result = result_of(CUBE, {"rho": rho[:2]}, times=times)
    figure = figures(result, ["snapshots"])["snapshots"]
    xy, xz, yz, projection = images(figure)[-4:]
    last = rho[1]
    np.testing.assert_allclose(clean(xy, (16, 12)), last[:, :, 5])
    np.testing.assert_allclose(clean(xz, (16, 10)), last[:, 6, :])
    np.testing.assert_allclose(clean(yz, (12, 10)), last[8])
    np.testing.assert_allclose(clean(projection, (16, 12)), last.max(axis=2))
    assert {"z = π", "y = π", "x = π", "max along z"} <= set(texts(figure))


def test_the_strongest_value_keeps_its_sign_and_empty_planes_are_left() -> None:
    values = np.zeros((4, 4, 4))
    values[1, 2, :] = [0.5, -2.0, 1.0, np.nan]
    assert strongest(values)[1, 2] == -2.0
    assert telling_index(values, 1) == 2  # the middle
    assert telling_index(values, 0) == 1  # the middle one, 2, is empty
    assert telling_index(np.zeros((4, 4, 4)), 0) == 2


def abc_flow(grid: Grid) -> dict[str, np.ndarray]:
    """The Arnold–Beltrami–Childress flow, of which ∇ × u = u."""
    x, y, z = np.broadcast_arrays(*grid.points())
    u = np.sin(z) + 0.5 * np.cos(y), np.sin(x) + np.cos(z), 0.5 * np.sin(y) + np.cos(x)
    return {name: np.stack([part] * 2) for name, part in zip("uvw", u, strict=True)}


def test_a_velocity_is_shown_by_its_vorticity() -> None:
    flow = abc_flow(CUBE)
    result = result_of(CUBE, flow, times=TIMES[:2])
    (scalar,) = scalars(result)
    speed = np.sqrt(sum(part[0] ** 2 for part in flow.values()))
    np.testing.assert_allclose(scalar.values(0), speed, atol=1e-12)
    (plane,) = planes(result)
    np.testing.assert_allclose(plane.values(1), flow["w"][1, :, :, 5], atol=1e-12)
    assert len(images(figures(result, ["snapshots"])["snapshots"])) == 8


def test_fast_events_are_shown_more_closely() -> None:
    times = np.linspace(0, 10, 101)
    sudden = np.tanh(4 * (times - 8))[:, None, None] * np.ones(SQUARE.shape)
    chosen = times[telling_frames(result_of(SQUARE, {"u": sudden}, times=times), 6)]
    assert (chosen[0], chosen[-1]) == (0, 10)
    assert np.sum((chosen > 7) & (chosen < 9)) >= 2  # evenly spread: one
    steady = times[
        telling_frames(result_of(SQUARE, {"u": waves(SQUARE, times)}, times=times), 6)
    ]
    np.testing.assert_allclose(steady, np.linspace(0, 10, 6), atol=0.25)


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7, 200])
def test_chosen_frames_are_distinct_with_both_ends(count: int) -> None:
    u = np.zeros((count, *SQUARE.shape))
    u[count // 2 :] = 1.0  # all change at once
    result = result_of(SQUARE, {"u": u}, times=np.arange(float(count)))
    frames = telling_frames(result, 6)
    assert frames == sorted(set(frames))
    assert (frames[0], frames[-1], len(frames)) == (0, count - 1, min(count, 6))


def test_frames_after_a_blow_up_are_left_out() -> None:
    u = waves(SQUARE)
    u[7:] = np.nan
    result = result_of(SQUARE, {"u": u})
    assert telling_frames(result, 6)[-1] == 6
    figure = figures(result, ["snapshots"])["snapshots"]
    assert all(np.isfinite(clean(image, SQUARE.shape)).all() for image in images(figure))


# -- spectra, errors, series ---------------------------------------------------------------


def test_one_wave_is_one_shell_with_its_energy() -> None:
    x, y = SQUARE.points()
    wave = np.stack([a * np.cos(3 * x + 4 * y) for a in (2.0, 1.0)])
    solver = {"dealias": "two_thirds"}
    result = result_of(SQUARE, {"omega": wave}, times=TIMES[:2], case={"solver": solver})
    (ax,) = figures(result, ["spectrum"])["spectrum"].axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    for line, amplitude in zip(ax.lines[:2], (2.0, 1.0), strict=True):
        k, energy = line.get_data()
        assert k[np.nanargmax(energy)] == pytest.approx(5.0)
        assert np.nanmax(energy) == pytest.approx(amplitude**2 / 4)  # ½⟨a² cos²⟩
        assert np.nanmax(np.where(k == 5.0, 0, np.nan_to_num(energy))) < 1e-28
    assert ax.lines[2].get_xdata()[0] == pytest.approx(4.0)  # 12 / 3 on the coarser axis


def test_a_vector_has_one_spectrum_of_all_its_components() -> None:
    flow = abc_flow(CUBE)
    (ax,) = figures(result_of(CUBE, flow, times=TIMES[:2]), "spectrum")["spectrum"].axes
    k, energy = ax.lines[0].get_data()
    total = 0.5 * sum(np.mean(part[0] ** 2) for part in flow.values())
    assert energy[k == 1.0] == pytest.approx(total)  # every wave of it has |k| = 1
    assert ax.get_ylabel() == "$E(k)$"


@pytest.mark.parametrize(
    ("case", "cut"),
    [
        ({"solver": {"dealias": "half"}}, 12 / 4 * TWO_PI / 2.0),
        ({"solver": {"dealias": "none"}}, None),
        ({"solver": {"dealias": {"exp": {}}}}, None),
        ({"solver": None}, None),
        ({}, None),
    ],
)
def test_the_cut_belongs_to_the_coarsest_axis(case: Any, cut: float | None) -> None:
    grid = Grid.periodic((16, 12), ((0, 1), (0, 2)))
    assert dealiasing_cut(result_of(grid, {"u": waves(grid)}, case=case)) == cut


@pytest.mark.parametrize("grid", [SQUARE, CUBE])
def test_the_error_is_mapped_where_there_is_a_reference(grid: Grid) -> None:
    u = waves(grid)
    off = 1e-6 * (2 + np.cos(grid.points()[0]))
    reference = {"u": u[4] + off}
    result = result_of(grid, {"u": u}, reference=reference, reference_time=TIMES[4])
    state, error = images(figures(result, ["profile"])["profile"])
    in_plane = (slice(None), slice(None), *[n // 2 for n in grid.shape[2:]])
    np.testing.assert_allclose(clean(state, grid.shape[:2]), u[4][in_plane])
    expected = np.broadcast_to(off, grid.shape)[in_plane]
    np.testing.assert_allclose(clean(error, grid.shape[:2]), expected, rtol=1e-6)
    assert figures(result_of(grid, {"u": u}), ["profile"]) == {}


def test_components_are_series_and_spectra_are_not() -> None:
    diagnostics = {
        "centre": np.stack([TIMES, 2 * TIMES], axis=1),
        "shells": np.ones((len(TIMES), 30)),
        "energy": np.exp(-3 * TIMES),
    }
    result = result_of(SQUARE, {"u": waves(SQUARE)}, diagnostics=diagnostics)
    figure = figures(result, ["diagnostics"])["diagnostics"]
    lines = {line.get_label(): line for ax in figure.axes for line in ax.lines}
    assert set(lines) == {r"max $|u|$", "centre x", "centre y", "energy"}
    np.testing.assert_array_equal(lines["centre y"].get_ydata(), 2 * TIMES)
    assert lines["energy"].axes.get_yscale() == "log"
    assert lines["centre x"].axes.get_yscale() == "linear"


def test_twelve_quantities_can_be_told_apart() -> None:
    names = [f"generalised_invariant_{i}" for i in range(12)]
    series = {name: 1 + 1e-9 * (i + 1) * TIMES for i, name in enumerate(names)}
    summary = {"invariants": {name: {"initial": 1.0, "drift": None} for name in names}}
    result = result_of(SQUARE, {"u": waves(SQUARE)}, diagnostics=series, summary=summary)
    figure = figures(result, ["invariants"])["invariants"]
    (ax,) = figure.axes
    lines = [line for line in ax.lines if line.get_label().startswith("generalised")]
    assert len({(line.get_color(), str(line._dash_pattern)) for line in lines}) == 12
    inside(figure)
    others = {f"series_of_a_long_name_{i}": TIMES for i in range(12)}
    result = result_of(SQUARE, {"u": waves(SQUARE)}, diagnostics=others)
    inside(figures(result, ["diagnostics"])["diagnostics"])


@pytest.mark.parametrize("grid", [SQUARE, CUBE, Grid.periodic((8, 64), ((-1, 1), (-8, 8)))])
def test_no_text_leaves_the_page(grid: Grid) -> None:
    fields = {"u": waves(grid), "psi": 1j * waves(grid)}
    result = result_of(grid, fields, reference={"u": waves(grid)[-1] + 1e-7})
    for figure in figures(result).values():
        inside(figure)


def inside(figure: Any) -> None:
    """Every visible text of a figure lies within it."""
    figure.canvas.draw()
    page = figure.bbox
    for text in visible_texts(figure):
        box = text.get_window_extent()
        assert box.x0 > page.x0 - 1, text
        assert box.x1 < page.x1 + 1, text
        assert box.y0 > page.y0 - 1, text
        assert box.y1 < page.y1 + 1, text


def visible_texts(figure: Any) -> list[Any]:
    found = list(figure.texts)
    for ax in figure.axes:
        if not ax.get_visible():
            continue
        found += [*ax.texts, ax._left_title]
        if ax.get_legend():
            found += ax.get_legend().get_texts()
        for axis in (ax.xaxis, ax.yaxis):
            found += [axis.label, axis.offsetText]
            for tick in axis._update_ticks():  # those within the limits
                found += [tick.label1, tick.label2]
    found = [text for text in found if text.get_visible() and text.get_text()]
    assert len(found) > 5
    return found


# -- all figures ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["not finite", "zero", "constant", "uneven", "ensemble", "one frame"]
)
@pytest.mark.parametrize("ndim", [2, 3])
def test_every_kind_of_result_can_be_drawn(kind: str, ndim: int, tmp_path: Path) -> None:
    grid = (SQUARE, CUBE)[ndim - 2]
    times = TIMES[:4]
    u = waves(grid, times)
    if kind == "not finite":
        u[2, 2], u[-1] = np.inf, np.nan
    elif kind in ("zero", "constant"):
        u[:] = 0.0 if kind == "zero" else 1.0
    elif kind == "uneven":
        grid = Grid((Axis("x", 16, -1, 1, "chebyshev"), *grid.axes[1:]))
    elif kind == "ensemble":
        u = np.stack([u, 2 * u, 3 * u], axis=1)
    else:
        u, times = u[:1], times[:1]
    psi = np.zeros(u.shape, complex)
    psi.imag = u
    result = result_of(grid, {"u": u, "psi": psi}, times=times)
    names = [path.stem for path in save_figures(result, tmp_path)]
    assert set(names) >= {"snapshots", "diagnostics"}
    assert set(names) <= set(FIGURES) - {"spacetime", "phase", "growth"}
    if len(times) > 1:
        assert movie(result, tmp_path / "movie.gif") is not None


def test_drawing_copies_no_more_than_a_few_frames() -> None:
    import tracemalloc

    grid = Grid.periodic((192, 192), (0, TWO_PI))
    omega = np.broadcast_to(waves(grid, TIMES[:1]), (400, *grid.shape))
    result = result_of(grid, {"omega": omega}, times=np.arange(400.0))
    figures(result_of(SQUARE, {"omega": waves(SQUARE)}))  # what is imported is no cost
    tracemalloc.start()
    figures(result)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * omega[0].nbytes  # of 400: panels, spectra, thumbnails


def test_files_are_shown_in_the_order_of_the_figures() -> None:
    given = ["b/phase.png", "b/diagnostics.png", "b/other.png", "b/spectrum.png"]
    ordered = [path.stem for path in in_order([*given, "b/snapshots.png"])]
    assert ordered == ["snapshots", "spectrum", "diagnostics", "phase", "other"]


# -- movies --------------------------------------------------------------------------------


def frames_of(path: Path) -> list[np.ndarray]:
    from PIL import Image, ImageSequence

    with Image.open(path) as picture:
        return [np.asarray(f.convert("RGB"), int) for f in ImageSequence.Iterator(picture)]


@pytest.mark.parametrize("grid", [SQUARE, CUBE])
def test_a_movie_shows_every_frame_with_fixed_colours(grid: Grid, tmp_path: Path) -> None:
    omega = waves(grid)
    omega[-1] = 0.0
    told: list[float] = []
    path = movie(
        result_of(grid, {"omega": omega}),
        tmp_path / "new" / "movie.gif",
        progress=lambda done, what: told.append(done),
    )
    assert path is not None
    pictures = frames_of(path)
    assert len(pictures) == len(TIMES) == len(told)
    assert told[-1] == 1.0
    height, width, _ = pictures[0].shape
    area = (slice(height // 3, height // 2), slice(width // 3, width // 2))
    assert np.abs(pictures[0][area] - pictures[5][area]).max() > 100
    assert np.ptp(pictures[-1][area], axis=(0, 1)).max() == 0  # zero all over
    assert pictures[-1][area].min() > 240  # and white, the middle of the same scale


def test_a_long_noisy_movie_stays_small(tmp_path: Path) -> None:
    grid = Grid.periodic((128, 128), (0, 1))
    noise = np.random.default_rng(0).standard_normal((4, *grid.shape))
    u = noise[np.arange(240) % 4]
    path = movie(result_of(grid, {"u": u}, times=np.arange(240.0)), tmp_path / "movie.gif")
    assert path is not None
    assert path.stat().st_size < 8.5e6
    assert 10 < len(frames_of(path)) <= 200


def test_ffmpeg_is_used_where_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "data = sys.stdin.buffer.read()\n"
        "size = sys.argv[sys.argv.index('-s') + 1]\n"
        "open(sys.argv[-1], 'w').write(f'{size} {len(data)}')\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))
    result = result_of(SQUARE, {"u": waves(SQUARE)})
    assert movie_function(result, tmp_path / "movie.gif") is not None
    size, count = (tmp_path / "movie.mp4").read_text().split()
    height, width, _ = frames_of(tmp_path / "movie.gif")[0].shape
    assert size == f"{width}x{height}"
    assert int(count) == width * height * 3 * len(TIMES)
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no encoder')\n")
    (tmp_path / "movie.mp4").unlink()
    assert movie(result, tmp_path / "movie.gif") is not None
    assert not (tmp_path / "movie.mp4").exists()


# -- small parts ---------------------------------------------------------------------------


def test_scales_of_signed_positive_and_flat_values() -> None:
    assert (scale(-2.0, 1.0)["vmin"], scale(-2.0, 1.0)["vmax"]) == (-2.0, 2.0)
    assert scale(-1e-3, 1.0)["vmin"] == -1e-3  # ringing below a positive field
    assert scale(0.4, 1.0)["vmin"] == 0.4
    assert scale(0.4, 1.0, modulus=True)["vmin"] == 0.0
    assert scale(1.0, 1.0 + 1e-9)["vmin"] == 0.0
    assert scale(0.0, 0.0)["vmax"] > 0.0
    assert extremes([np.array([np.nan, 2.0]), np.array([-np.inf, 1.0])]) == (1.0, 2.0)
    assert extremes([np.array([np.nan])]) == (0.0, 0.0)


def test_boxes_in_pi_have_ticks_in_pi() -> None:
    assert pi_ticks(0, TWO_PI, 4) == [Fraction(n, 2) for n in range(5)]
    assert pi_ticks(-np.pi, np.pi, 2) == [-1, 0, 1]
    assert pi_ticks(-16 * np.pi, 16 * np.pi, 4) == [-16, -8, 0, 8, 16]
    assert pi_ticks(0, 22.0, 4) is None
    assert pi_ticks(0, 1.0, 4) is None
    written = [in_pi(x) for x in (0, 1, -1, 0.5, -1.5, 12)]
    assert written == ["0", "π", "−π", "π/2", "−3π/2", "12π"]
    assert place(SQUARE.axes[0], 8) == "π"
    assert place(Axis("x", 8, 0.0, 3.0), 1) == "0.375"


def test_legends_have_as_many_columns_as_fit() -> None:
    assert legend_columns(["a", "b"], 3.9) == 3
    assert legend_columns(["a quantity with a very long name  1.0×10⁻¹²"], 3.9) == 1
