"""A trained model for use without kerasgen: SavedModel, ONNX, LiteRT.

`save` writes a SavedModel with a record of how the model was made, and `load` brings it
back without Keras. `save_onnx` and `save_litert` write a file for each network. All of
them compute in float32 what the model computes.
"""

from kerasgen.export.litert import save_litert
from kerasgen.export.onnx import save_onnx
from kerasgen.export.saved_model import RECORD
from kerasgen.export.saved_model import ExportedModel
from kerasgen.export.saved_model import checksums
from kerasgen.export.saved_model import load
from kerasgen.export.saved_model import replaceable
from kerasgen.export.saved_model import save
