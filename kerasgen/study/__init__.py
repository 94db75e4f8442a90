"""Many runs of anything: settings, runs in their directories, statistics, report."""

from kerasgen.study.ablation import FACTORS
from kerasgen.study.ablation import ablation_settings
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import get_comparison
from kerasgen.study.executors import LocalProcesses
from kerasgen.study.lock import HeldError
from kerasgen.study.pictures import PICTURES
from kerasgen.study.pictures import animate
from kerasgen.study.pictures import draw
from kerasgen.study.pictures import load_model
from kerasgen.study.presets import make_presets
from kerasgen.study.publication import publish
from kerasgen.study.records import load_study
from kerasgen.study.report import update_readme
from kerasgen.study.report import write_report
from kerasgen.study.run import train
from kerasgen.study.runner import parse_shard
from kerasgen.study.runner import run_study
from kerasgen.study.settings import PRECISIONS
from kerasgen.study.settings import RunSettings
from kerasgen.study.settings import check_models
from kerasgen.study.table import tidy
