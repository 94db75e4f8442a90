"""The notebook, cell by cell at smoke size."""

import json
import pathlib

import matplotlib
import pytest

import kerasgen

NOTEBOOK = pathlib.Path(kerasgen.__file__).parents[1] / "examples/tour.ipynb"


@pytest.mark.slow
def test_every_cell_runs(idx_folder, monkeypatch, capsys):
    monkeypatch.setenv("KERASGEN_SMOKE", "1")
    monkeypatch.setenv("KERASGEN_DATA_DIR", str(idx_folder))
    matplotlib.use("agg")
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    names = {}
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        assert not cell["outputs"], "commit the notebook without its outputs"
        # Of a notebook alone; the package is there.
        source = "".join(cell["source"]).replace("%pip install -q {SOURCE}", "pass")
        exec(compile(source, f"cell {number}", "exec"), names)
    matplotlib.pyplot.close("all")
    said = capsys.readouterr().out
    assert "frechet_distance_" in said and "| trained VAE |" in said
    assert float(said.rpartition("model: ")[2]) < 1e-4
