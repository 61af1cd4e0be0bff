"""What an analyst does with alerts."""
