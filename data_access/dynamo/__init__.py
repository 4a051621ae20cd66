"""DynamoDB itself: clients, the wire format, access paths with their price, and reading."""
