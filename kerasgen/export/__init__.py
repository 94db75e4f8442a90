"""Exports for use without kerasgen: SavedModel, ONNX, LiteRT.

`model.export(path)` writes a SavedModel with a record of how the model was made, and
`load` brings it back without Keras. `save_onnx` and `save_litert` write a file for each
network. All of them compute in float32 what the model computes, and keep the checksums
of their files.
"""

from kerasgen.core.export_record import RECORD
from kerasgen.core.export_record import checksums
from kerasgen.core.export_record import read_record
from kerasgen.core.export_record import replaceable
from kerasgen.core.export_record import taken_further
from kerasgen.export.litert import save_litert
from kerasgen.export.onnx import save_onnx
from kerasgen.export.saved_model import ExportedModel
from kerasgen.export.saved_model import load
