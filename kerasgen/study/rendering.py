"""Markdown from the templates of this package."""

import jinja2


def rendered(template: str, **context) -> str:
    """A template of `kerasgen/study/templates` filled in; unknown names are errors."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kerasgen.study"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(context)
