"""Sigma rules on CloudTrail: imported as detections, or hunted with as they are.

pySigma parses the rules (https://sigmahq.io/docs/basics/rules.html); what they mean in SQL is ours.
"""

LEVELS = ("informational", "low", "medium", "high", "critical")
"""A rule's level, the least grave first."""
