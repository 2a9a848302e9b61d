"""Training: one run, epoch after epoch, and the state that it resumes from."""
