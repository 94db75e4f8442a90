"""Bibliography as data: a paper, as tables, reports and docs cite it."""

import dataclasses


@dataclasses.dataclass(frozen=True, order=True)
class Reference:
    """A paper.

    Args:
        authors: Authors and year, as the text cites them: "Radford et al. 2016".
        title: Title.
        venue: Conference, journal or institution, or "".
        arxiv: Number in arXiv such as "1511.06434", or "".
    """

    authors: str
    title: str
    venue: str = ""
    arxiv: str = ""

    @property
    def url(self):
        """Address of the paper in arXiv, or ""."""
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else ""
