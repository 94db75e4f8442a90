"""Many runs: settings, runs in their directories, statistics, claims, the report."""

from kerasgen.callbacks import write_png
from kerasgen.study.ablation import FACTORS
from kerasgen.study.ablation import settings as ablation_settings
from kerasgen.study.lock import HeldError
from kerasgen.study.pictures import PICTURES
from kerasgen.study.pictures import draw
from kerasgen.study.pictures import load_model
from kerasgen.study.presets import make_presets
from kerasgen.study.publication import publish
from kerasgen.study.records import load_study
from kerasgen.study.report import update_readme
from kerasgen.study.report import write_report
from kerasgen.study.run import train
from kerasgen.study.runner import carry_out
from kerasgen.study.settings import MODELS
from kerasgen.study.settings import PRECISIONS
from kerasgen.study.settings import RunSettings
