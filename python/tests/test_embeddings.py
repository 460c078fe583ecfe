"""Embeddings."""

import numpy as np
from conftest import RATE, sound


def test_a_file_and_its_samples_have_the_same_embeddings(model, wav, samples):
    rows = model.embed(wav)
    assert rows.shape == (5, model.embedding_size) and rows.dtype == np.float32
    assert np.array_equal(model.embed(samples, RATE), rows)
    assert np.array_equal(model.embed(str(wav)), rows)


def test_one_row_for_a_clip_is_what_the_head_reads(model):
    same, other = sound(3, seed=4), sound(3, seed=5)
    rows = [model.embed(x, RATE, every=float("inf"))[0] for x in (same, same.copy(), other)]
    assert np.array_equal(rows[0], rows[1]) and not np.array_equal(rows[0], rows[2])


def test_rows_describe_their_own_second(model):
    tone, noise = sound(1, seed=6), sound(2, seed=6)[-RATE:]
    both = model.embed(np.concatenate([tone, tone, noise, noise]), RATE)
    distance = lambda a, b: np.linalg.norm(both[a] - both[b])
    assert distance(1, 3) > 1.5 * distance(2, 3)
