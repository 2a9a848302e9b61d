"""The sections of a study's page, one module each, which also writes the files it shows."""
