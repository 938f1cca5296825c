"""Fields: what of an item can be found, and how.

    title, text   stems with positions, for BM25 and phrases
    names         stems of authors, organisation and topics
    people        authors in the ways names are written, with positions
    title_words, words   words as they are written, for typos and beginnings of words
    compounds     what hyphens tie or signs mark, each as one word
    named         ids, aliases and the whole title
    row           what is found
    topic, organisation, listed   what is filtered by

Texts are not stored, only what finds them.
"""

import tantivy
from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

from recsvc.clock import to_us
from recsvc.core.items.item import StoredItem
from recsvc.core.text import compounds, names, people
from recsvc.core.text.terms import searchable

_LONGEST_WORD = 60


def schema() -> tantivy.Schema:
    """Return the fields."""
    builder = tantivy.SchemaBuilder()
    # Not unsigned: deleting by a term of an unsigned field deletes nothing (tantivy-py 0.27).
    builder.add_integer_field("row", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name="stems", index_option="position")
    builder.add_text_field("text", tokenizer_name="stems", index_option="position")
    builder.add_text_field("names", tokenizer_name="stems", index_option="freq")
    builder.add_text_field("people", tokenizer_name="words", index_option="position")
    builder.add_text_field("compounds", tokenizer_name="words", index_option="basic")
    builder.add_text_field("named", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("title_words", tokenizer_name="words", index_option="basic")
    builder.add_text_field("words", tokenizer_name="words", index_option="basic")
    builder.add_text_field("topic", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("organisation", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("listed", fast=True)
    return builder.build()


def analyzer(*, stemmed: bool) -> tantivy.TextAnalyzer:
    """Return what takes a searchable text apart into words, or their stems."""
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_LONGEST_WORD))
    builder = builder.filter(Filter.ascii_fold())
    return builder.filter(Filter.stemmer("english")).build() if stemmed else builder.build()


def document(row: int, item: StoredItem) -> tantivy.Document:
    """Return what finds an item."""
    title, text, said = searchable(item.title), searchable(item.text), _names(item)
    made = tantivy.Document()
    made.add_integer("row", row)
    made.add_text("title", title)
    made.add_text("text", text)
    made.add_text("names", said)
    for author in item.authors:
        for form in people.forms(author):
            made.add_text("people", form)
    links = (item.extra.get("arxiv_id"), item.extra.get("doi"), item.url)
    for name in set(names.of((item.id, *item.aliases), links, item.title)):
        made.add_text("named", name)
    made.add_text("compounds", " ".join(compounds.all_in(f"{title}\n{text}")))
    made.add_text("title_words", title)
    made.add_text("words", f"{title}\n{text}\n{said}")
    for topic in item.shown_topics:
        made.add_text("topic", topic)
    if item.organisation is not None:
        made.add_text("organisation", item.organisation.slug)
    listed = item.listed_at
    made.add_integer("listed", item.created_us if listed is None else to_us(listed))
    return made


def written(item: StoredItem) -> str:
    """Return everything of an item in which words are found, searchable."""
    return f"{searchable(item.title)}\n{searchable(item.text)}\n{_names(item)}"


def _names(item: StoredItem) -> str:
    organisation = item.organisation
    whose = [] if organisation is None else [organisation.slug, organisation.name]
    return searchable("\n".join([*item.authors, *whose, *item.shown_topics]))
