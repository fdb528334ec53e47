"""What came out: labelled results, the verdict, and their pictures."""
