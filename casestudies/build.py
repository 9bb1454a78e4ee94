"""Execute the case studies: percent-format .py in, .ipynb with outputs beside it out.

    python casestudies/build.py                     every study, written
    python casestudies/build.py linear_regression   one of them
    python casestudies/build.py --check             every study executed, nothing written; the committed notebook
                                                    must have the same source cells

A study is a .py file of this folder with `# %%` cells. The kernel is the interpreter that runs this file, so that no
installed kernelspec is needed. The same source gives the same bytes on the same machine: cell ids are digests of the
source, and no date, time or path is kept. A cell that raises, warns, or prints a path or an address fails by name.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
LARGEST = 1_000_000
SECONDS_A_CELL = 60
MACHINE_SPECIFIC = re.compile(r"\bat 0x[0-9a-f]{6,}|" + "|".join(map(re.escape, (str(FOLDER.parent), sys.prefix))))
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class StudyError(Exception):
    """A study that cannot be built; the sentence names the file and the cell."""


class ThisInterpreter(AsyncKernelManager):
    """The interpreter that runs this file, whatever kernels are installed elsewhere."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Return the one kernel there is."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=40"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


def studies(folder: Path = FOLDER) -> list[str]:
    """Return the names of the .py files of `folder` that have cells."""
    files = sorted(folder.glob("*.py"))
    return [file.stem for file in files if re.search(r"^# %%", file.read_text("utf-8"), re.MULTILINE)]


def convert(text: str) -> NotebookNode:
    """Return the notebook of a percent-format source: no outputs, fixed metadata, ids from the source."""
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] += 1
        cell.id = f"{digest}-{seen[digest]}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def where(name: str, notebook: NotebookNode, index: int) -> str:
    """Return a cell's place in words: its number, the heading above it, and its first line."""
    above = "\n".join(cell.source for cell in notebook.cells[:index] if cell.cell_type == "markdown")
    headings = re.findall(r"^#+ (.+)$", above, re.MULTILINE)
    first_line = notebook.cells[index].source.partition("\n")[0]
    return f"{name}.py, cell {index + 1}, under {headings[-1] if headings else 'no heading'!r}: {first_line!r}"


def environment() -> dict[str, str]:
    """Return the kernel's environment: one thread, this repository's package, no personal start-up files."""
    source = str(FOLDER.parent / "src")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH")))),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def execute(name: str, notebook: NotebookNode, folder: Path = FOLDER) -> None:
    """Run every code cell of `notebook` in place; raise `StudyError` at the first that fails."""
    with tempfile.TemporaryDirectory() as scratch:
        client = NotebookClient(
            notebook,
            kernel_manager_class=ThisInterpreter,
            timeout=SECONDS_A_CELL,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        )
        with client.setup_kernel(env={**environment(), "IPYTHONDIR": scratch}):
            for index, cell in enumerate(notebook.cells):
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    reason = f"{error.ename}: {error.evalue}"
                    raise StudyError(f"{where(name, notebook, index)}\n{reason}") from error
                except (CellTimeoutError, DeadKernelError) as error:
                    raise StudyError(f"{where(name, notebook, index)}\n{error}") from error
                if cell.cell_type == "code":
                    cell.outputs = joined(cell.outputs)
                    refuse(where(name, notebook, index), cell.outputs)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return the outputs with neighbouring texts of one stream in one piece, however the kernel's timing cut them."""
    result: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and result and result[-1].get("name") == output.name:
            result[-1].text += output.text
        else:
            result.append(output)
    return result


def refuse(place: str, outputs: list[NotebookNode]) -> None:
    """Raise `StudyError` for an output that a reader elsewhere, or a second run, would not see the same."""
    for output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            raise StudyError(f"{place}\nwrites to stderr; catch the warning and show it on purpose:\n{output.text}")
        texts: list[Any] = [output.get("text", ""), *output.get("data", {}).values()]
        for text in texts:
            if found := MACHINE_SPECIFIC.search(str(text)):
                raise StudyError(f"{place}\nprints {found.group()!r}, which only this machine has")


def build(name: str, folder: Path = FOLDER) -> Path:
    """Execute one study and replace its .ipynb in one step; an older one survives any failure."""
    notebook = convert((folder / f"{name}.py").read_text("utf-8"))
    execute(name, notebook, folder)
    nbformat.validate(notebook)
    text = nbformat.writes(notebook, indent=1) + "\n"
    if len(text.encode()) > LARGEST:
        raise StudyError(f"{name}.ipynb would have {len(text.encode())} bytes, more than {LARGEST}: smaller figures")
    target = folder / f"{name}.ipynb"
    partial = target.with_suffix(".ipynb.partial")
    partial.write_text(text, "utf-8")
    os.replace(partial, target)
    return target


def disagreement(name: str, folder: Path = FOLDER) -> str:
    """Return how the committed notebook's source cells differ from the .py, in words; empty when they agree."""
    target = folder / f"{name}.ipynb"
    if not target.exists():
        return f"{name}.ipynb is missing"
    committed = nbformat.read(target, as_version=4)
    fresh = convert((folder / f"{name}.py").read_text("utf-8"))
    for index, cell in enumerate(fresh.cells):
        same = index < len(committed.cells) and all(
            committed.cells[index][key] == cell[key] for key in ("id", "cell_type", "source")
        )
        if not same:
            return f"{where(name, fresh, index)} is not what {name}.ipynb has there"
    if len(committed.cells) > len(fresh.cells):
        return f"{name}.ipynb has {len(committed.cells) - len(fresh.cells)} more cells than {name}.py"
    return ""


def check(name: str, folder: Path = FOLDER) -> None:
    """Execute one study without writing; raise `StudyError` when a cell fails or the notebook is of another source."""
    if words := disagreement(name, folder):
        raise StudyError(f"{words}\nrebuild it: python casestudies/build.py {name}")
    execute(name, convert((folder / f"{name}.py").read_text("utf-8")), folder)


def main(arguments: list[str] | None = None) -> int:
    """Build or check; exit status 1 when a study fails and 2 for an unknown name."""
    parser = argparse.ArgumentParser(description="Execute the case studies.")
    parser.add_argument("names", nargs="*", help="studies; all of them when none is named")
    parser.add_argument("--check", action="store_true", help="execute and compare the sources, write nothing")
    options = parser.parse_args(arguments)
    known = studies()
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"unknown study {', '.join(unknown)}; there are {', '.join(known)}")
    status = 0
    for name in options.names or known:
        start = time.perf_counter()
        try:
            if options.check:
                check(name)
                done = "runs, and its notebook has the same source"
            else:
                target = build(name)
                done = f"-> {target.name}, {target.stat().st_size / 1000:.0f} kB"
        except StudyError as error:
            print(f"FAILED {error}", file=sys.stderr)
            status = 1
        else:
            print(f"{name} {done} ({time.perf_counter() - start:.1f} s)", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
