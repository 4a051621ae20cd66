"""What CloudWatch knows of the tables: use, throttles, errors, latency, limits, and the alarms worth having."""
