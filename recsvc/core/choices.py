"""The words with which a list is asked for: each set of choices once, for whoever offers or reads them.

The clients, which stand alone, repeat them; a test compares.
"""

from typing import Literal

# Of trending: only what was voted on in this time.
Window = Literal["day", "week", "month", "all"]
# Of a reader's list: what they acted on or were shown in this time is left out.
Seen = Literal["7d", "30d", "forever", "show"]
# Of what is similar: in what.
Likeness = Literal["both", "text", "readers"]
# Of a search.
Sort = Literal["relevance", "new"]
# Of every list: each item with its fields, or its id alone.
Fields = Literal["full", "id"]
# Of what was listed when.
PeriodKind = Literal["daily", "weekly", "monthly"]
