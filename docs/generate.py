"""Pages made of the package itself, when the documents are built by MkDocs.

A page for each model from the registry, the tables of metrics, the published studies,
the API and the changelog; none of them is kept in the repository.
"""

import csv
import html
import importlib
import inspect
import pathlib
import tempfile

from mkdocs.structure.files import File

import kerasgen
from kerasgen import core
from kerasgen import export
from kerasgen.core.references import Reference
from kerasgen.metrics import specifications

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
FAMILIES = {
    "gan": "Generative adversarial networks",
    "vae": "Autoencoders",
    "hybrid": "Both a game and an encoder",
    "flow": "Flows",
    "diffusion": "Diffusion",
}
API = {
    "data": "Where images come from",
    "callbacks": "What is drawn and watched while a model trains",
    "evaluation": "Models and samples judged",
    "export": "Models to run elsewhere",
    "features": "From images to features",
    "metrics": "Arrays in, numbers out",
    "objectives": "What is minimised",
    "networks": "Networks",
    "training": "How a step is taken",
    "study": "Many runs, and the report",
    "core": "What every model shares",
}
# Preset whose generator the page "In the browser" runs.
IN_THE_BROWSER = "dcgan_mnist"
# What a reader of a model's page asks for first.
FIRST = ("frechet_distance", "precision_k5", "recall_k5", "coverage_k5")


def on_files(files, config):
    """Add the pages that are made, and their places in the contents."""
    pages = {"models/index.md": models_page(), "metrics.md": metrics_page()}
    classes = [core.model_class(name) for name in core.list_models()]
    pages |= {f"models/{cls.key}.md": model_page(cls) for cls in classes}
    pages |= {f"api/{name}.md": api_page(name) for name in API}
    pages["changelog.md"] = (ROOT / "CHANGELOG.md").read_text("utf-8")
    for study in studies():
        pages[f"results/{study.name}/report.md"] = study_page(study)
        for picture in sorted((study / "figures").glob("*.*")):
            to = f"results/{study.name}/figures/{picture.name}"
            files.append(File.generated(config, to, abs_src_path=str(picture)))
    files.append(File.generated(config, "generator.onnx", content=generator()))
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    models = [{cls.__name__: f"models/{cls.key}.md"} for cls in classes]
    config.nav += [
        {"Models": ["models/index.md", *models]},
        {"Results": [{one.name: f"results/{one.name}/report.md"} for one in studies()]},
        {"API": [{f"kerasgen.{name}": f"api/{name}.md"} for name in API]},
        {"Changelog": "changelog.md"},
    ]
    return files


def generator():
    """The generator of a preset as an ONNX file, for the page that runs it."""
    model = kerasgen.DCGAN.from_preset(IN_THE_BROWSER)
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(export.save_onnx(model, f"{folder}/onnx"))
        return (made / "generator.onnx").read_bytes()


def studies():
    """Folders of the published studies."""
    return sorted(path.parent for path in RESULTS.glob("*/summary.csv"))


def study_page(study):
    """The report of a study, as it is."""
    return (study / "report.md").read_text("utf-8")


def models_page():
    """All models as a table for each family."""
    lines = ["# Models", ""]
    for family, title in FAMILIES.items():
        lines += [f"## {title}", "", "| class | paper | |", "|---|---|---|"]
        for cls in map(core.model_class, core.list_models(family)):
            said = summary(cls).rstrip(".")
            cited = cite(cls.references[0])
            lines.append(f"| [`{cls.__name__}`]({cls.key}.md) | {cited} | {said} |")
        lines.append("")
    return "\n".join(lines)


def model_page(cls):
    """Paper, equation, use, arguments, published settings and numbers of a model."""
    paper = inspect.getdoc(inspect.getmodule(cls))
    parts = [
        f"# {cls.__name__}",
        summary(cls),
        "\n".join(f"* {cite(each)}, *{each.title}*" for each in cls.references),
        picture(cls),
        "## What is minimised",
        paper,
        "## How to use it",
        usage(cls),
        *published(cls),
        *numbers(cls),
        "## Arguments and methods",
        f"::: {cls.__module__}.{cls.__name__}\n    options:\n      heading_level: 3\n"
        "      show_root_heading: true\n      inherited_members: false",
    ]
    return "\n\n".join(part for part in parts if part)


def summary(cls):
    """The first sentence of a class's docstring."""
    return inspect.getdoc(cls).partition("\n\n")[0].replace("\n", " ")


def cite(reference):
    """A reference as a link, where it has an address."""
    text = f"{reference.authors}, {reference.venue}".rstrip(", ")
    return f"[{text}]({reference.url})" if reference.url else text


def picture(cls):
    """Samples of the model, from the first published study that has some."""
    for study in studies():
        path = study / f"figures/samples-{cls.key}.png"
        if path.exists():
            where = f"../results/{study.name}/figures/{path.name}"
            return f"![Samples of {cls.__name__} in the study {study.name}]({where})"
    return ""


def command(cls, *flags):
    """The command that trains the model."""
    needed = ["--conditional"] if cls.needs_classes() else []
    return " ".join(["kerasgen train", cls.key, *needed, *flags])


def usage(cls):
    """Code that trains the model, and its command; presets, if it has any."""
    lines = [
        "```python",
        "import kerasgen",
        "",
        f"model = kerasgen.{cls.__name__}()",
        'model.fit(kerasgen.data.load("mnist"), epochs=100)',
        "images = model.sample(64, seed=0)",
        "```",
        "",
        "```",
        command(cls, "--epochs=100"),
        "```",
    ]
    for name, metadata in cls.presets.items():
        said = metadata["description"]
        lines += ["", f'* `kerasgen.{cls.__name__}.from_preset("{name}")`: {said}']
    return "\n".join(lines)


def published(cls):
    """The published settings, their sources, and our defaults beside them."""
    if cls.published is None:
        return []
    ours = cls.argument_defaults()
    rows = ["| setting | published | ours | source |", "|---|---|---|---|"]
    for name, value, source in cls.published.table():
        default = f"`{ours[name]!r}`" if name in ours else ""
        rows.append(f"| {name} | {value} | {default} | {source} |")
    departures = "\n".join(f"* {text}" for text in cls.published.departures)
    made = (
        f"`kerasgen.{cls.__name__}.as_published()` makes the model with them, and "
        f"`{command(cls, '--published')}` trains it."
    )
    return ["## Published settings against ours", "\n".join(rows), made, departures]


def numbers(cls):
    """What the published studies measured of the model, beside real images."""
    rows = []
    for study in studies():
        with (study / "summary.csv").open(newline="") as opened:
            for row in csv.DictReader(opened):
                if row["model"] == cls.__name__ and row["stage"] == "final":
                    rows += number_row(study, row)
    if not rows:
        return []
    head = ["| study | metric | mean | 95 % interval | seeds | real images |"]
    return ["## Numbers", "\n".join([*head, "|---|---|---|---|---|---|", *rows])]


def number_row(study, row):
    """A row of the table of numbers, in a list; [] of a metric that is no headline."""
    found = specifications.describe(row["metric"])
    wanted = {specifications.describe(f"{name}_x").title for name in FIRST}
    if found.title not in wanted:
        return []
    low, high = (f"{float(row[k]):.3g}" if row[k] else "" for k in ("low", "high"))
    interval = f"{low} to {high}" if low else "one seed"
    link = f"[{study.name}](../results/{study.name}/report.md)"
    name = f"{found.title} `{row['metric']}`"
    values = f"{float(row['mean']):.3g} | {interval} | {row['n']}"
    return [f"| {link} | {name} | {values} | {float(row['real_images']):.3g} |"]


def metrics_page():
    """Every metric: how it reads, its direction, its paper."""
    # The package has a function of the same name.
    names = importlib.import_module("kerasgen.evaluation.metric_names")
    lines = ["# Metrics explained", "", inspect.getdoc(names)]
    for group, (title, how) in specifications.GROUPS.items():
        found = [s for s in specifications.SPECIFICATIONS if s.group == group]
        if not found:
            continue
        lines += ["", f"## {title}", "", how, "", "| metric | | |", "|---|---|---|"]
        for each in found:
            direction = specifications.DIRECTIONS[each.direction]
            said = html.escape(each.meaning, quote=False)
            paper = specifications.PAPERS.get(each.paper)
            source = f" ({cite(Reference(*paper))})" if paper else ""
            lines.append(f"| {each.title} | {direction} | {said}{source} |")
    return "\n".join(lines)


def api_page(name):
    """A module of the package, from its docstrings."""
    public = importlib.import_module(f"kerasgen.{name}")
    members = [
        key
        for key, value in sorted(vars(public).items())
        if not key.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__.startswith("kerasgen.")
    ]
    blocks = [f"::: kerasgen.{name}.{key}" for key in members]
    return "\n\n".join([f"# kerasgen.{name}", f"{API[name]}.", *blocks])
