"""Whether what is on disk is whole: runs, studies, models, exports, checkpoints."""

from kerasgen.check.finding import Finding
from kerasgen.check.paths import findings
from kerasgen.check.paths import problems
