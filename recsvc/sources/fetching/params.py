"""Whom to ask for papers, and how politely."""

from typing import Annotated

import msgspec

from recsvc.params import check_url, setting


class FetchParams(msgspec.Struct, frozen=True):
    """Which archives are asked, and how."""

    hf_url: Annotated[
        str,
        setting("Where `recsvc import hf-daily` asks for daily papers.", check=check_url),
    ] = "https://huggingface.co"
    arxiv_url: Annotated[
        str, setting("Where `recsvc import arxiv` asks for papers.", check=check_url)
    ] = "https://export.arxiv.org"
    arxiv_pause_s: Annotated[
        float, setting("Between two requests to arXiv; its terms ask for 3 seconds.", ge=0)
    ] = 3.0
    contact: Annotated[
        str,
        setting(
            "Mail address or page named to archives, so that they can reach you.",
            name="fetch_contact",
        ),
    ] = ""
