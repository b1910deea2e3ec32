"""Programs that run in the environments of judges; each fails where the judge is not content."""
