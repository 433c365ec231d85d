"""Other projects' spellings of our names."""
