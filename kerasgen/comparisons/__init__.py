"""Published comparisons, one module of data each: models, arms, claims, citation."""

from kerasgen.comparisons.jaiswal import JAISWAL
from kerasgen.study.comparison import COMPARISONS
from kerasgen.study.comparison import NONE
from kerasgen.study.comparison import get_comparison
