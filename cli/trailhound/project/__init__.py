"""The dbt project, read without dbt: its detections, its CSV files, its target."""
