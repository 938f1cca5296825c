"""Words: how texts are counted, weighed, queried and marked."""
