"""Many runs: settings, one run in its directory, several in a row, pictures."""

from kerasgen.callbacks import write_png
from kerasgen.study.compare import compare
from kerasgen.study.pictures import PICTURES
from kerasgen.study.pictures import draw
from kerasgen.study.pictures import load_model
from kerasgen.study.run import train
from kerasgen.study.settings import MODELS
from kerasgen.study.settings import PRECISIONS
from kerasgen.study.settings import RunSettings
