"""Made-up catalogues and readers: sizes, word frequencies and tastes as on a paper site."""

import numpy as np

_TOPICS = 40
_WORDS = 30_000
_WORDS_PER_ITEM = 150


def items(n: int, seed: int = 0) -> list[dict]:
    """Return items whose words follow Zipf's law, a quarter of them from their topic's own."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        topic = int(rng.integers(_TOPICS))
        common = np.minimum(rng.zipf(1.25, _WORDS_PER_ITEM), _WORDS)
        own = 1_000_000 + topic * 400 + np.minimum(rng.zipf(1.4, _WORDS_PER_ITEM // 3), 400)
        words = [f"w{w}" for w in rng.permutation(np.concatenate([common, own]))]
        out.append(
            {
                "id": f"item-{i}",
                "title": " ".join(words[:9]),
                "text": " ".join(words[9:]),
                "topics": [f"topic-{topic}"],
                "n_authors": int(rng.integers(1, 12)),
                "listed_at": f"2026-{1 + i % 10:02d}-{1 + i % 28:02d}T00:00:00Z",
            }
        )
    return out


def upvotes(n_items: int, n_readers: int, each: int, seed: int = 1) -> list[dict]:
    """Return upvotes: popular items get more, and each reader keeps to a tenth of the catalogue."""
    rng = np.random.default_rng(seed)
    out = []
    for reader in range(n_readers):
        start = int(rng.integers(n_items))
        near = (start + rng.integers(0, n_items // 10, each // 2)) % n_items
        popular = np.minimum(rng.zipf(1.3, each - len(near)) - 1, n_items - 1)
        chosen = np.unique(np.concatenate([near, popular])).tolist()
        user = f"reader-{reader}"
        out += [{"user": user, "item": f"item-{item}", "kind": "upvote"} for item in chosen]
    return out
