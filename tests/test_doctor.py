"""The look at the machine."""

from __future__ import annotations

from pdekit import __version__, fft
from pdekit.doctor import examine, report


def test_doctor_measures_and_reports() -> None:
    found = examine()
    assert found["pdekit"] == __version__
    assert set(found["fft"]) == set(fft.available()) - {"torch"}
    assert all(us > 0 for us in found["fft"].values())
    step = found["strang_step_us"]
    assert 0 < step["fused"] < step["numpy"]
    text = report(found)
    for part in (
        __version__,
        "threads",
        "gpu",
        "cache",
        "transforms",
        "Strang step",
        "numpy",
    ):
        assert part in text
