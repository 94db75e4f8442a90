"""The section `Example:` of a docstring, as the parser of docstrings expects it."""

import re
import textwrap

import griffe

_EXAMPLE = re.compile(r"^Example:\n\n?((?:[ \t]*\S.*(?:\n|\Z))+)", re.MULTILINE)


class ExamplesAsCode(griffe.Extension):
    """Indents what follows `Example:`, and calls it `Examples:`."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Change the docstring of one object."""
        if not obj.is_alias and obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(_indented, obj.docstring.value)


def _indented(match):
    return "Examples:\n" + textwrap.indent(textwrap.dedent(match[1]), "    ")
