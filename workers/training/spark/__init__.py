"""The second engine: Spark, where a log is too long for one machine's memory."""
