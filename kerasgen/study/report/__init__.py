"""The report on a study, made from its run directories alone."""

from kerasgen.study.report.page import write_report
from kerasgen.study.report.readme import update_readme
