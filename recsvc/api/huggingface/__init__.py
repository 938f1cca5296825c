"""The read calls for papers that Hugging Face's client makes, answered from the catalogue."""
