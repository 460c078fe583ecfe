"""Audio tagging: files, live streams and embeddings.

    import hamiltone

    model = hamiltone.load()  # 527 labels of AudioSet
    print(model.classify_file("song.flac").top())
    events = model.analyze_file("song.flac").events.to_pandas()

Sample rates are in Hz, times in seconds from the start, probabilities from 0 to 1. Whatever computes releases the
interpreter's lock, so threads run in parallel. `hamiltone.ray` analyses many files on many machines.
"""

from ._native import (
    Answer,
    AudioError,
    Classification,
    Model,
    ModelError,
    Part,
    Stream,
    Table,
    Tags,
    Timeline,
    __version__,
    load,
    models,
    read_thresholds,
)

__all__ = [
    "Answer",
    "AudioError",
    "Classification",
    "Model",
    "ModelError",
    "Part",
    "Stream",
    "Table",
    "Tags",
    "Timeline",
    "__version__",
    "load",
    "models",
    "read_thresholds",
]
