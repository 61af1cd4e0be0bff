"""What assistants may ask, over the Model Context Protocol: reading, bounded, marked as data."""
