"""What the user wrote: the plan's schema, its errors, the files it names."""
