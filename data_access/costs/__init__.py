"""What reading, writing and keeping items costs."""
