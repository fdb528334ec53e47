"""What is drawn: the style that all charts share, and the pictures of a plan."""
