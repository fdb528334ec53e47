"""Random123's published known-answer vectors for philox4x32, 10 rounds (kat_vectors)."""

from __future__ import annotations

import numpy as np
import pytest

from salessim.kernels.layout import STRIP
from salessim.kernels.philox import blocks_of_births, blocks_of_entities, philox
from tests import reference

VECTORS = [
    (
        (0x00000000, 0x00000000, 0x00000000, 0x00000000),
        (0x00000000, 0x00000000),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), VECTORS)
def test_known_answers(counter, key, words):
    entity = np.uint64(counter[0] | counter[1] << 32)
    seed = np.uint64(key[0] | key[1] << 32)
    block = philox(entity, np.uint64(counter[2]), np.uint64(counter[3]), seed)
    assert tuple(int(word) for word in block) == words
    assert reference.philox(counter, key) == words


def test_strips_are_the_blocks_of_their_entities():
    entities = np.random.default_rng(1).integers(0, 2**64, 40, np.uint64)
    words = np.zeros((4, STRIP), np.uint32)
    blocks_of_entities(words, entities, 0, 40, np.uint64(3), np.uint64(9), np.uint64(2**63 + 5))
    for i, entity in enumerate(entities):
        key = (5, 2**31)
        counter = (int(entity) % 2**32, int(entity) // 2**32, 3, 9)
        assert tuple(int(w) for w in words[:, i]) == reference.philox(counter, key)
    blocks_of_births(words, np.uint64(11), 1000, 40, np.uint64(3), np.uint64(1))
    for i in range(40):
        assert tuple(int(w) for w in words[:, i]) == reference.philox((11, 0, 3, 1000 + i), (1, 0))
