"""The statements of the comparison paper as hypotheses, and the verdicts on them."""

from kerasgen.study.claims.judging import MIN_SEEDS
from kerasgen.study.claims.judging import SIGNIFICANCE
from kerasgen.study.claims.judging import PartResult
from kerasgen.study.claims.judging import Verdict
from kerasgen.study.claims.judging import judge
from kerasgen.study.claims.statements import CLAIMS
from kerasgen.study.claims.statements import NOT_TESTED
