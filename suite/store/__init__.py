"""The run store: what is known of every run, its lock, its tidy table and a study's progress."""
