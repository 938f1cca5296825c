"""Filters of lists, as conditions that change no score."""

import tantivy
from tantivy import Occur, Query

from recsvc.core.items.catalogue import Filters

Clause = tuple[Occur, Query]


def conditions(schema: tantivy.Schema, filters: Filters) -> list[Clause]:
    """Return what must hold of everything that is found."""
    found: list[Clause] = []

    def require(query: Query) -> None:
        found.append((Occur.Must, Query.const_score_query(query, 0.0)))

    if filters.topic:
        require(Query.term_set_query(schema, "topic", list(filters.topic)))
    for topic in filters.topic_all:
        require(Query.term_query(schema, "topic", topic))
    if filters.topic_not:
        unwanted = Query.term_set_query(schema, "topic", list(filters.topic_not))
        found.append((Occur.MustNot, unwanted))
    if filters.organisation:
        require(Query.term_set_query(schema, "organisation", list(filters.organisation)))
    if filters.since_us is not None or filters.until_us is not None:
        require(_listed(schema, filters))
    return found


def _listed(schema: tantivy.Schema, filters: Filters) -> Query:
    return Query.range_query(
        schema,
        "listed",
        tantivy.FieldType.Integer,
        filters.since_us,
        filters.until_us,
        include_upper=filters.until_us is None,  # where there is no end, tantivy takes no other
    )
