"""What a person can ask for: each function asks the table of permissions first, and every refusal is audited."""
