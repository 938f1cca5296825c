"""What importers keep in an item's `extra`, name by name; docs/importing.md repeats this table."""

MEANINGS = {
    "arxiv_id": "arXiv id without version",
    "doi": "DOI, lower-case",
    "semantic_scholar_id": "`paperId` of Semantic Scholar",
    "corpus_id": "`CorpusId` of Semantic Scholar, a number",
    "openreview_id": "id of the note",
    "submitter": "who listed it at Hugging Face: `name` (handle), `fullname`, `avatar_url`, `type`, "
    "`is_pro`, those that are known",
    "submitted_at": "the outer `publishedAt` at Hugging Face, as it came",
    "ai_summary": "one sentence by a model",
    "ai_summary_model": "which model",
    "ai_keywords": "list of words by a model; also the item's topics",
    "github": "address of the repository",
    "github_stars": "its stars when it was read",
    "github_added_by": "who named it",
    "project_page": "address of the project's page",
    "thumbnail": "address of a picture",
    "media_urls": "list of addresses of pictures and films",
    "discussion_url": "address of the comments on it",
    "discussion_id": "id of the discussion at Hugging Face",
    "withdrawn_at": "when it was withdrawn, as it came; such items are hidden",
    "is_author_participating": "whether an author takes part in the discussion",
    "organisation_avatar": "address of the organisation's picture",
    "author_handles": "accounts of authors who have one, by name",
    "primary_category": "arXiv's first category; all of them are topics",
    "arxiv_comment": "the authors' comment at arXiv",
    "arxiv_submitter": "who submitted it to arXiv",
    "journal_ref": "where it was published",
    "license": "address of the licence",
    "announce_type": "`new` or `cross`",
    "versions": "how many versions there are",
    "updated_at": "when it last changed, as it came",
    "venue": "journal or conference",
    "venue_id": "OpenReview's name of the venue",
    "year": "of publication, as the source names it",
    "citations": "how often it was cited when it was read",
    "influential_citations": "of which Semantic Scholar calls influential",
    "tldr": "one sentence by a model or the authors",
    "open_access_pdf": "address of a free copy elsewhere",
    "labels": "Gorse's labels, as they came",
}

# What the calls of Hugging Face's client read besides, in that client's spelling.
_CLIENTS_OWN = ("submitted_by", "submitted_on_daily_at", "github_repo")

# Everybody may see these, unless a site says otherwise.
PUBLIC = " ".join([*MEANINGS, *_CLIENTS_OWN])
