"""W1 written for other tools, each as its users would write it."""
