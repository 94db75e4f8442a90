"""Papers that a report names: of its models, its metrics, its comparison and rule."""

from kerasgen.core.references import Reference
from kerasgen.core.registry import model_class
from kerasgen.metrics import specifications

# Papers of the rule by which claims are judged.
OF_VERDICTS = (
    Reference(
        "Holm 1979",
        "A Simple Sequentially Rejective Multiple Test Procedure",
        "Scandinavian Journal of Statistics 6",
    ),
    Reference(
        "Welch 1947",
        "The generalization of 'Student's' problem when several different population "
        "variances are involved",
        "Biometrika 34",
    ),
    Reference(
        "Schuirmann 1987",
        "A comparison of the two one-sided tests procedure and the power approach for "
        "assessing the equivalence of average bioavailability",
        "Journal of Pharmacokinetics and Biopharmaceutics 15",
    ),
)


def papers(models, names, comparison=None) -> list[Reference]:
    """Papers of models, of numbers by their names and of a comparison, by author."""
    found = {
        reference for model in models for reference in model_class(model).references
    }
    found |= {Reference(*paper) for paper in specifications.papers(names)}
    if comparison is not None:
        found |= {comparison.citation, *OF_VERDICTS}
        found |= {figure.reference for figure in comparison.published}
    return sorted(found)
