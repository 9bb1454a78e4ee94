"""What a results file says of the machine and of the libraries."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_info


def processor() -> str:
    """Return the processor's name as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def machine() -> dict[str, str | int | None]:
    """Return the processor, its number of cores, and the system."""
    return {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()}


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python and of some packages."""
    return {"python": platform.python_version()} | {package: version(package) for package in packages}


def blas() -> list[str]:
    """Return the BLAS libraries that are loaded, with the kernels they chose and their number of threads."""
    return sorted(
        f"{library['internal_api']} {library['version']}, {library.get('architecture', 'unknown kernels')}, "
        f"threads: {library['num_threads']}, of {Path(library['filepath']).parent.name.removesuffix('.libs')}"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    )
