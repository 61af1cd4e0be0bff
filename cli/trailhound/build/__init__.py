"""From compiled SQL to tables."""
