"""The sections of a study's page, one module each; each writes the files that it shows."""
