"""The report: alerts and coverage as one HTML file that opens offline."""
