"""The API proper, `/v1`: one file per thing that is asked about."""
