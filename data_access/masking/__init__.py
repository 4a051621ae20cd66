"""What of a text is masked, for whom, and how it is shown again."""
