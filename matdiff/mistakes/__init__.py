"""What is wrong and what was meant, in words and carets."""
