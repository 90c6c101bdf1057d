"""Compilation for the processor at hand, kept in the user's cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from llvmlite import binding as llvm

from pdekit.cache import private_dir
from pdekit.files import atomic
from pdekit.lanes._vector import Function


@dataclass(frozen=True)
class Transform:
    """A compiled function ``(count, source, target)``.

    Any number of threads may call it: it works on the stack of its caller.
    """

    name: str
    address: int


@cache
def lanes(single: bool) -> int:
    """Return how many numbers a register holds; 0 if it is too short to be worth it.

    Registers of 16 bytes lose against FFTW, those of 32 (AVX2) and 64 (AVX-512) win.
    """
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        size = 64
    elif features.get("avx2") and features.get("fma"):
        size = 32
    else:
        return 0
    return size // (4 if single else 8)


_KEPT: list[Any] = []
"""Owners of the machine code, which lives as long as the process."""
_DONE: dict[str, Transform] = {}


def built(
    kind: str, write: Callable[[Function], None], *parameters: float, single: bool
) -> Transform:
    """Return the function that ``write`` writes, compiled once for its parameters."""
    words = [kind, "single" if single else "double", *map(str, parameters)]
    name = "_".join(word.replace("-", "m").replace(".", "p") for word in words)
    if name not in _DONE:
        _DONE[name] = Transform(name, _address(name, _object(name, write, single)))
    return _DONE[name]


def _object(name: str, write: Callable[[Function], None], single: bool) -> bytes:
    """Return the machine code, from the cache if it is there."""
    digest = hashlib.sha256(f"{name} {_state()}".encode()).hexdigest()[:20]
    path = private_dir("kernels") / f"lanes_{digest}.o"
    if path.is_file():
        check, code = path.read_bytes()[:32], path.read_bytes()[32:]
        if check == hashlib.sha256(code).digest():  # what is damaged is made again
            return code
    f = Function(name, lanes(single), single)
    write(f)
    f.builder.ret_void()
    module = llvm.parse_assembly(str(f))
    module.verify()
    code = bytes(_target().emit_object(module))
    atomic.write_bytes(path, hashlib.sha256(code).digest() + code)
    return code


def _address(name: str, code: bytes) -> int:
    """Load machine code into the process."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _KEPT.append(engine)
    return int(engine.get_function_address(name))


def _target() -> Any:
    """Return the processor at hand."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    host = llvm.Target.from_default_triple()
    return host.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=3
    )


@cache
def _state() -> str:
    """Return what the machine code depends on beside its parameters."""
    digest = hashlib.sha256()
    for file in sorted(resources.files("pdekit.lanes").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".py"):
            digest.update(file.read_bytes())
    features = llvm.get_host_cpu_features().flatten()
    machine = (llvm.get_host_cpu_name(), features, llvm.llvm_version_info)
    return f"{digest.hexdigest()} {machine}"
