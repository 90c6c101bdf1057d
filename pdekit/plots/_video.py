"""An MP4 of some images, by ``ffmpeg`` where that is installed."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pdekit.errors import OutputError
from pdekit.files.atomic import replacing

SECONDS = 300  # after the last image; then the encoder is given up
EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white"  # the encoder halves the colours' planes

logger = logging.getLogger(__name__)


def write_mp4(images: Sequence[Any], path: Path, rate: float) -> Path | None:
    """Write images at ``rate`` frames a second; ``None`` where that cannot be done."""
    program = shutil.which("ffmpeg")
    if program is None:
        return None
    width, height = images[0].size
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    target = ["-vf", EVEN, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20"]
    command = [
        *(program, "-loglevel", "error", "-y"),
        *(*source, "-r", f"{rate:g}", "-i", "-"),
        *(*target, "-movflags", "+faststart", "-f", "mp4"),
    ]
    try:
        with replacing(path) as temporary:
            encode([*command, str(temporary)], images)
    except (subprocess.SubprocessError, OutputError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
        logger.warning("no mp4 is made: %s", said or error)
        return None
    return path


def encode(command: list[str], images: Sequence[Any]) -> None:
    """Give the images to the encoder one after the other, and wait for it to end."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stderr=pipe) as process:  # noqa: S603
        assert process.stdin is not None  # noqa: S101
        try:
            with suppress(BrokenPipeError):  # it has stopped, and says why
                for image in images:
                    process.stdin.write(image.convert("RGB").tobytes())
            _, said = process.communicate(timeout=SECONDS)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[0], stderr=said)
