"""Three votes in an otherwise silent system are enough, before the first training and after it."""

import re

import pytest

from tests.service import SEEDS, Service, wait_until

IMAGES = re.compile(r"diffusion|image|visual|text-to-(?:video|3d)|generative", re.I)


def about_images(service: Service) -> int:
    """How many of the first ten places of the feed are on generating images."""
    places = service.feed("painter", limit=10, explore=0)["items"]
    return sum(bool(IMAGES.search(place["item"]["title"])) for place in places)


@pytest.mark.skipif(not SEEDS.is_dir(), reason=f"no saved pages at {SEEDS}")
def test_who_upvotes_three_diffusion_papers_gets_image_generation(seeded: Service):
    found = seeded.get("/v1/search", q="diffusion image generation", limit=3)["items"]
    everybody = seeded.feed(None, limit=10)["items"]
    by_chance = sum(bool(IMAGES.search(place["item"]["title"])) for place in everybody)
    for paper in found:
        seeded.act("painter", "upvote", paper["id"])

    assert about_images(seeded) >= max(8, by_chance + 1)

    wait_until(lambda: seeded.feed("painter")["snapshot_id"], "a model of three votes", 20)
    assert about_images(seeded) >= max(8, by_chance + 1)
