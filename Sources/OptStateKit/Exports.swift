// What a user of the library meets in its own interface comes with one import.
@_exported public import StateConversion
@_exported public import StateSurgery
@_exported public import StateTools
@_exported public import StateTraining
@_exported public import TrainingState
@_exported public import Tensors
@_exported public import OptimizerCatalog
@_exported public import OptimizerCore
@_exported public import enum ByteIO.JSONValue
@_exported public import struct ByteIO.JSONObject
@_exported public import enum ByteIO.BackgroundWork
@_exported public import enum ByteIO.TemporaryFiles
@_exported public import class ByteIO.InputTrace
@_exported public import enum HDF5.HDF5Isolation
