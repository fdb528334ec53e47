"""The domain in plain dataclasses: laws, pipelines, sources, customers, calendar."""
