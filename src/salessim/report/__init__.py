"""Documents: pages made of results and their pictures."""
