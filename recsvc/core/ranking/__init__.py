"""From a reader and a model to an ordered list, with the reasons for every place."""
