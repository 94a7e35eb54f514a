"""The dashboard, as a table, and as the JSON that Grafana reads."""
