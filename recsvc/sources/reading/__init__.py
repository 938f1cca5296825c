"""Files opened: their content, and the records of JSON, XML and feeds."""
